"""A server on this machine that answers raw bytes, for what only a real socket can do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

Answer = Callable[[socket.socket], None]


def reply(
    body: bytes = b"{}", *, status: str = "200 OK", headers: str = "", length: int | None = None, close: bool = False
) -> Answer:
    """A whole answer; `length` is the content length told, where it is not the body's."""
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {size}\r\n{headers}\r\n"

    def answer(wire: socket.socket) -> None:
        wire.sendall(head.encode() + body)
        if close:
            wire.close()

    return answer


def drip(body: bytes, *, seconds: float) -> Answer:
    """One byte after another, so that no single read takes long."""

    def answer(wire: socket.socket) -> None:
        wire.sendall(f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n".encode())
        for place in range(len(body)):
            time.sleep(seconds)
            wire.sendall(body[place : place + 1])

    return answer


def reset(wire: socket.socket) -> None:
    """Breaks the connection after the question was sent."""
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    wire.close()


@contextmanager
def serving(answers: Sequence[Answer]) -> Iterator[tuple[str, list[bytes]]]:
    """The server's address and the heads of the questions as they come; the last answer goes on for ever."""
    heads: list[bytes] = []
    lock = threading.Lock()
    server = socket.create_server(("127.0.0.1", 0))

    def talk(wire: socket.socket) -> None:
        with suppress(OSError), wire:
            pending = b""
            while wire.fileno() >= 0:
                while b"\r\n\r\n" not in pending:
                    came = wire.recv(65536)
                    if not came:
                        return
                    pending += came
                head, _, pending = pending.partition(b"\r\n\r\n")
                with lock:
                    heads.append(head)
                    answer = answers[min(len(heads), len(answers)) - 1]
                answer(wire)

    def accept() -> None:
        with suppress(OSError):
            while True:
                wire, _ = server.accept()
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=talk, args=(wire,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heads
    finally:
        server.close()
