"""`python -m sandbox`: serves the simulated platforms on the loopback address until it is stopped.

Prints one line of JSON with its address. Its clock runs on from the start given (now, by default).
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import threading
import time
from datetime import UTC, datetime

import uvicorn

from sandbox.sandbox import Sandbox
from sandbox.server import create_app
from sandbox.world import World

LOOPBACK = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; accepted connections inherit TCP_NODELAY, so that small replies do not wait."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.bind((LOOPBACK, port))
    return listening


def server_of(sandbox: Sandbox) -> uvicorn.Server:
    """A server over this sandbox: quiet, at most 512 connections."""
    config = uvicorn.Config(
        create_app(sandbox), log_level="critical", access_log=False, lifespan="off", ws="none", limit_concurrency=512
    )
    return uvicorn.Server(config)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Simulated platforms on this machine.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--scale", type=int, default=200, help="how many people there are on the first day")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=datetime.fromisoformat, help="an instant such as 2026-09-07; now by default")
    parser.add_argument("--platforms", help="slugs with commas between; all by default")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every call takes")
    parser.add_argument("--relaxed", action="store_true", help="no rate limits")
    parser.add_argument("--until-input-ends", action="store_true", help="end with the process that started it")
    parser.add_argument("--auto-approve", action="store_true", help="consent pages answer by themselves")
    given = parser.parse_args()
    start = given.start or datetime.now(UTC)
    world = World(
        seed=given.seed,
        start=start if start.tzinfo else start.replace(tzinfo=UTC),
        scale=given.scale,
        tick=time.monotonic,
    )
    sandbox = Sandbox(
        world,
        platforms=given.platforms.split(",") if given.platforms else None,
        relaxed=given.relaxed,
        auto_approve=given.auto_approve,
        latency=given.latency,
    )
    listening = listen(given.port)
    address = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
    sys.stdout.write(json.dumps({"address": address, "platforms": list(sandbox.platforms)}) + "\n")
    sys.stdout.flush()
    server = server_of(sandbox)
    if given.until_input_ends:
        threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
    server.run(sockets=[listening])


def _end_with_input(server: uvicorn.Server) -> None:
    """Standard input ends however the process at its other end dies, so that no sandbox is left behind."""
    sys.stdin.buffer.read()
    server.should_exit = True


if __name__ == "__main__":
    main()
