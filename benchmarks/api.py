"""The platform that everybody fetches from: a loopback server whose pages are built before it listens.

`GET /{records}/{changed}/{delay}/cursor?after=&since=` and `…/offset?offset=&limit=&since=`: a list of that many
contacts, told after `delay` milliseconds; with `since` the `changed` ones among them, at revision 2.
Replies are put together from ready bytes, with TCP_NODELAY (Nagle's algorithm adds 40 ms to a page), so that the
server is not what is measured.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import parse_qs, urlsplit

from benchmarks.records import PAGE_SIZE, page

_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_MISSING: Final = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Pages:
    """Built pages: the whole list of `records` contacts, and of each size asked for the changed ones."""

    def __init__(self, records: int, changes: list[tuple[int, int]]) -> None:
        self._all = [page(range(n, n + PAGE_SIZE), 1) for n in range(0, records, PAGE_SIZE)]
        self._changed = {(of, changed): list(_changed(of, changed)) for of, changed in changes}

    def find(self, records: int, changed: int, since: bool, number: int) -> tuple[bytes, int]:
        """A page and the number of records of its list. Raises LookupError where it was not built."""
        if since:
            return self._changed[records, changed][number], changed
        if number * PAGE_SIZE >= records:
            raise LookupError(number)
        return self._all[number], records


def _changed(records: int, changed: int) -> Iterator[bytes]:
    step = records // changed
    for first in range(0, changed, PAGE_SIZE):
        yield page(range(first * step, min(first + PAGE_SIZE, changed) * step, step), 2)


class Connection(asyncio.Protocol):
    """One connection of a client: one request after the other, each answered from ready pages."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            line, self._buffer = self._buffer[: self._buffer.find(b"\r\n")], self._buffer[end + 4 :]
            self._answer(line.split(b" ")[1].decode())

    def _answer(self, target: str) -> None:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        try:
            _, records, changed, delay, paging = parts.path.split("/")
            offset = int(query.get("offset" if paging == "offset" else "after", 0))
            body, total = self._pages.find(int(records), int(changed), "since" in query, offset // PAGE_SIZE)
        except (LookupError, ValueError):
            self._transport.write(_MISSING)
            return
        after = offset + PAGE_SIZE
        tail = b'],"total":%d}' % total
        if paging == "cursor":
            tail = b'],"next":"%d"}' % after if after < total else b'],"next":null}'
        parts_of_reply = (_HEAD % (len(body) + len(tail) + 9), b'{"data":[', body, tail)
        if int(delay):
            asyncio.get_running_loop().call_later(int(delay) / 1000, self._transport.writelines, parts_of_reply)
        else:
            self._transport.writelines(parts_of_reply)


async def _serve(pages: Pages) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(pages), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def serving(records: int, changes: list[tuple[int, int]]) -> Iterator[str]:
    """The server in a process of its own; gives its address, "http://127.0.0.1:<port>", once all pages are built."""
    arguments = [f"--changes={of}:{changed}" for of, changed in changes]
    command = [sys.executable, "-m", "benchmarks.api", f"--records={records}", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            port = server.stdout.readline().decode().strip()
            if not port:
                raise RuntimeError("the server of the benchmark did not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def main() -> None:
    parser = ArgumentParser(description="The loopback platform of the benchmarks.")
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--changes", action="append", default=[], help="RECORDS:CHANGED, as often as needed")
    given = parser.parse_args()
    changes = [tuple(map(int, text.split(":"))) for text in given.changes]
    asyncio.run(_serve(Pages(given.records, [(of, changed) for of, changed in changes])))


if __name__ == "__main__":
    main()
