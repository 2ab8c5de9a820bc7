"""The records that everybody fetches: contacts with 21 members, about 560 bytes each, the same on every machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from core.model import Column

PAGE_SIZE: Final = 100
COLUMNS: Final = (
    Column(name="id"),
    Column(name="email", pattern=r"[^@]+@[^@]+"),
    Column(name="first_name"),
    Column(name="last_name"),
    Column(name="company"),
    Column(name="title"),
    Column(name="phone"),
    Column(name="country"),
    Column(name="city"),
    Column(name="street"),
    Column(name="postal_code"),
    Column(name="lifecycle_stage", choices=("lead", "subscriber", "opportunity", "customer")),
    Column(name="lead_score", type="integer", minimum=0, maximum=100),
    Column(name="revenue", type="number", minimum=0),
    Column(name="is_customer", type="boolean"),
    Column(name="owner_id", type="integer"),
    Column(name="source"),
    Column(name="tags", type="json"),
    Column(name="created_at", type="timestamp"),
    Column(name="updated_at", type="timestamp", required=True),
    Column(name="revision", type="integer", required=True),
)
_BEGAN: Final = datetime(2024, 1, 1, tzinfo=UTC)
_STAGES: Final = ("lead", "subscriber", "opportunity", "customer")
_COUNTRIES: Final = ("AT", "BR", "CH", "DE", "ES", "FR", "GB", "IN", "JP", "US")


def record(number: int, revision: int) -> dict[str, Any]:
    """The contact of that number; `revision` 1 as it was first, 2 after the change."""
    # A multiplicative hash: ids do not come in the order in which they are listed, as with most platforms.
    digest = number * 2654435761 % 2**32
    stage = digest % 4
    created = _BEGAN + timedelta(seconds=number % 40_000_000)
    return {
        "id": f"{digest:08x}-{number:08d}",
        "email": f"person.{number}@example{digest % 977}.org",
        "first_name": f"Given{digest % 5003}",
        "last_name": f"Family{digest % 7919}",
        "company": f"Company {digest % 30011} & Partners Limited",
        "title": "Head of Operations" if stage else "Founder",
        "phone": f"+49 30 {digest % 100_000_000:08d}",
        "country": _COUNTRIES[digest % 10],
        "city": f"City of {digest % 2003}",
        "street": f"{digest % 300} Long Street Number {digest % 89}",
        "postal_code": f"{digest % 100_000:05d}",
        "lifecycle_stage": _STAGES[stage],
        "lead_score": digest % 101,
        "revenue": (digest % 10_000_000) / 100,
        "is_customer": stage == 3,
        "owner_id": digest % 500,
        "source": "organic search" if digest % 3 else "referral",
        "tags": ["newsletter", f"region-{digest % 7}"],
        "created_at": created.isoformat(),
        "updated_at": (created + timedelta(days=revision)).isoformat(),
        "revision": revision,
    }


def encoded(number: int, revision: int = 1) -> bytes:
    """The contact as JSON."""
    return msgspec.json.encode(record(number, revision))


def page(numbers: range, revision: int) -> bytes:
    """The records of a page as the members of a JSON array, without its brackets."""
    return b",".join(encoded(number, revision) for number in numbers)
