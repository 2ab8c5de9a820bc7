"""Everything that can go wrong with an integration, as sentences for the person who can act.

IntegrationError                    the root; carries `advice`, what to do next, and an exit code
├── CredentialError                 the person must look at the credential (exit code 3)
│   ├── CredentialMalformed         it cannot be right: it fails the form that the platform publishes
│   ├── CredentialRejected          the platform refused it, and a refresh did not help
│   ├── ScopeMissing                it is valid, but lacks a right
│   └── SealBroken                  the envelope does not open: another key, or altered
├── PlatformError                   the platform's answer (exit code 4)
│   ├── PlatformUnavailable         it failed, and retries ran out
│   ├── BadReply                    it answered something that cannot be read
│   ├── RequestRefused              it refused the request itself
│   ├── QuotaExhausted              a quota or balance is used up: backing off does not help
│   └── StateReset                  it no longer knows the cursor: the stream begins again
├── ComeBackLater                   not now, but at a known time: state is saved (exit code 5)
│   ├── CircuitOpen                 after repeated failures calls are held back
│   └── Busy                        another run, or another program, works on the same thing
│       └── LeaseTaken              another run of ours: it will end by itself
├── SignatureRefused                a webhook call is not signed by who it says (exit code 6)
├── HostNotAllowed                  a request would leave the connector's declared hosts (exit code 6)
├── ConnectorDefect                 a connector broke a rule of the engine (exit code 7)
└── UsageError                      what was asked for does not exist or makes no sense (exit code 2)
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar


class IntegrationError(Exception):
    """What happened, in one sentence; `advice` is the next step for the person who can act."""

    exit_code: ClassVar[int] = 1
    advice: str

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class CredentialError(IntegrationError):
    exit_code = 3


class CredentialMalformed(CredentialError):
    pass


class CredentialRejected(CredentialError):
    pass


class ScopeMissing(CredentialError):
    pass


class SealBroken(CredentialError):
    pass


class PlatformError(IntegrationError):
    exit_code = 4


class PlatformUnavailable(PlatformError):
    pass


class BadReply(PlatformError):
    pass


class RequestRefused(PlatformError):
    pass


class QuotaExhausted(PlatformError):
    pass


class StateReset(PlatformError):
    pass


class ComeBackLater(IntegrationError):
    """`at` is the time, with time zone, from which trying again makes sense."""

    exit_code = 5

    def __init__(self, message: str, *, at: datetime, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.at = at


class CircuitOpen(ComeBackLater):
    pass


class Busy(ComeBackLater):
    pass


class LeaseTaken(Busy):
    pass


class Skipped(IntegrationError):
    pass


class SignatureRefused(IntegrationError):
    exit_code = 6


class HostNotAllowed(IntegrationError):
    exit_code = 6


class ConnectorDefect(IntegrationError):
    exit_code = 7


class UsageError(IntegrationError):
    exit_code = 2
