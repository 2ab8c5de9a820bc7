"""What starting costs: commands, and opening a sealed credential."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.contestants.ours import NAME, open_place
from benchmarks.report import Goal, Measured, middle
from connectors.sdk.credential import Credential
from core.sealing import DEFAULT_ROUNDS, Binding, Keyring, derive_user_key, seal, unseal
from core.secrets import Secret
from tasks.connecting import Proven, connect

_MODULE: Final = (sys.executable, "-c", "from console.cli import main; main()")


def commands(rounds: int) -> Measured:
    """`integrations --help` and `integrations list`, with one integration there, as whole processes."""
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        place = open_place(folder)
        credential = Credential(method="service_key", values={"token": Secret("benchmark-token", "token")})
        connect(place, "hubspot", "hubspot", Proven(credential=credential, settings={}))
        place.close()
        environment = {**os.environ, "INTEGRATIONS_HOME": str(folder)}
        help_, list_ = _seconds("--help", environment, rounds), _seconds("list", environment, rounds)
    finally:
        shutil.rmtree(folder)
    return Measured(
        title="Commands, as whole processes",
        header=("command", "s", "rounds"),
        rows=[("integrations --help", f"{help_:.3f}", f"{rounds}"), ("integrations list", f"{list_:.3f}", f"{rounds}")],
        goals=[
            Goal(what="integrations --help, s", found=help_, limit=0.3),
            Goal(what="integrations list, s", found=list_, limit=0.6),
        ],
    )


def _seconds(command: str, environment: Mapping[str, str], rounds: int) -> float:
    taken = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        subprocess.run([*_MODULE, command], check=True, stdout=subprocess.DEVNULL, env=environment)
        taken.append(time.perf_counter() - began)
    return middle(taken[1:])  # the first compiles what has changed


def unsealing(rounds: int) -> Measured:
    """Opening a sealed credential: the first derives the owner's key, all later ones do not."""
    binding = Binding(owner="owner", integration=NAME, platform=NAME)
    credential = Credential(method="token", values={"token": Secret("benchmark-token", "token")})
    keyring = Keyring(current=1, secrets={1: Secret(os.urandom(32).hex(), "app secret")})
    envelope = seal(
        credential.to_plain(), binding, keyring, salt=os.urandom(16), random_bytes=os.urandom, rounds=DEFAULT_ROUNDS
    )
    derive_user_key.cache_clear()
    began = time.perf_counter()
    unseal(envelope, binding, keyring)
    first = time.perf_counter() - began
    taken = []
    for _ in range(100 * rounds):
        began = time.perf_counter()
        Credential.from_plain(unseal(envelope, binding, keyring))
        taken.append(time.perf_counter() - began)
    later = middle(taken) * 1000
    return Measured(
        title="Opening a sealed credential",
        header=("", "ms"),
        rows=[("first in a process", f"{first * 1000:.1f}"), ("every later one", f"{later:.3f}")],
        goals=[Goal(what="unseal after the first, ms", found=later, limit=0.1)],
    )
