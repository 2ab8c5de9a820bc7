"""A judge: a vendor's specification, read in place, that says what a call asks and what a reply tells undeclared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sandbox.platform import Call, Reply


class Document(Protocol):
    """One specification. Each complaint is a sentence; none where all is well."""

    def request_complaints(self, call: Call) -> list[str]:
        """What this call asks that is not declared."""

    def reply_complaints(self, call: Call, reply: Reply) -> list[str]:
        """What this reply to the call tells that is not declared, or fails to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A document, and what it cannot judge: `undeclared` are calls (regular expressions over "METHOD /path") and
    `excused` complaints (regular expressions) with the reason for each."""

    document: Document
    undeclared: Mapping[str, str] = field(default_factory=dict)
    excused: Mapping[str, str] = field(default_factory=dict)
