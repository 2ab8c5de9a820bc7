"""Who holds a lease: a process of a machine, told so that another process can see whether it still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

_UNKNOWN: Final = "?"


def this_process() -> str:
    """`host:pid:start`: where the process runs, its number, and when it began, since numbers are given anew."""
    pid = os.getpid()
    return f"{_host()}:{pid}:{_started(pid)}"


def is_gone(holder: str) -> bool:
    """Whether the holder was a process of this machine that no longer runs; False where that cannot be told."""
    parts = holder.rsplit(":", 2)
    if len(parts) != 3 or parts[0] != _host() or not parts[1].isdecimal():
        return False
    pid, started = int(parts[1]), parts[2]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # it lives, and is another user's
    return _UNKNOWN not in (started, now := _started(pid)) and started != now


def _host() -> str:
    try:
        # Containers may share a host name, but number their processes each for itself.
        return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return socket.gethostname()


def _started(pid: int) -> str:
    """Ticks since boot at which the process began (Linux, proc(5): field 22); unknown on other systems."""
    try:
        # The second field is the program's name in parentheses, and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        # A dead process stays listed until its parent asks after it, and works on nothing.
        return "dead" if fields[0] in ("Z", "X") else fields[19]
    except (OSError, IndexError):
        return _UNKNOWN
