"""The embedded Prefect server, as a process that ends with the one that started it.

`python -m console.prefect_child FD`: serves on the listening socket of that file descriptor until it is told to
stop or its standard input ends, which it does however the parent dies, so that no server is left behind.
"""

from __future__ import annotations

import socket
import sys
import threading

import uvicorn

STOP_WITHIN_SECONDS = 5


def main() -> None:
    """Serves until the parent goes."""
    from prefect.server.api.server import create_app

    config = uvicorn.Config(
        create_app(final=True),
        log_level="error",
        access_log=False,
        timeout_graceful_shutdown=STOP_WITHIN_SECONDS,
    )
    server = uvicorn.Server(config)

    def end_with_parent() -> None:
        sys.stdin.buffer.read()
        server.should_exit = True

    threading.Thread(target=end_with_parent, daemon=True).start()
    server.run(sockets=[socket.socket(fileno=int(sys.argv[1]))])


if __name__ == "__main__":
    main()
