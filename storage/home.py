"""The one folder that holds everything the embedded default writes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "INTEGRATIONS_HOME"
_DEFAULT = ".integrations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Names the places inside the folder; nothing exists before `create`."""

    folder: Path

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> Home:
        """The folder named by INTEGRATIONS_HOME, else `.integrations` where the process was started."""
        return cls(folder=Path(environment.get(VARIABLE) or _DEFAULT).absolute())

    @property
    def state_db(self) -> Path:
        return self.folder / "state.db"

    @property
    def warehouse_file(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def keyring_file(self) -> Path:
        return self.folder / "keyring.json"

    @property
    def warehouse_lock(self) -> Path:
        return self.locks / "warehouse.lock"

    @property
    def prefect_home(self) -> Path:
        return self.folder / "prefect"

    @property
    def locks(self) -> Path:
        return self.folder / "locks"

    def create(self) -> Home:
        """Makes the folders, readable by their owner alone. What is there already stays as it is."""
        for folder in (self.folder, self.landing, self.prefect_home, self.locks):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self
