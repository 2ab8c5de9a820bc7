"""Secrets that have no text form."""

from __future__ import annotations

from typing import Any, NoReturn


class Secret:
    """A secret string. `repr`, `str`, formatting and pickling never give it away; `reveal()` does."""

    __slots__ = ("_name", "_value")

    def __init__(self, value: str, name: str = "secret") -> None:
        self._value = value
        self._name = name

    def reveal(self) -> str:
        """The secret itself, for the one place that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"<{self._name}>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self!r} must not be pickled")

    def __getstate__(self) -> Any:
        raise TypeError(f"{self!r} must not be copied or pickled")
