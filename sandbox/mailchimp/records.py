"""A member as Mailchimp shows it: the person that was born, and over it what was written."""

from __future__ import annotations

import hashlib
from typing import Any

from sandbox import people
from sandbox.mailchimp.dialect import links, stamp
from sandbox.mailchimp.lists import TAGS, Audience, Lists, status_of
from sandbox.table import Row
from sandbox.world import World, mix, number_of

WRITABLE = frozenset(
    {"email_address", "email_type", "status", "merge_fields", "interests", "language", "vip", "location",
     "marketing_permissions", "ip_signup", "timestamp_signup", "ip_opt", "timestamp_opt", "tags"}
)  # fmt: skip


def hash_of(email: str) -> str:
    return hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()


def email_of(world: World, row: Row) -> str:
    return str(row.fields.get("email_address") or people.person(world, row.index).email)


def tags_of(world: World, lists: Lists, audience: Audience, row: Row) -> list[dict[str, Any]]:
    if "tags" in row.fields:
        return list(row.fields["tags"])
    bits = mix(world.seed, number_of(audience.list_id), row.index) % 20
    names = [name for place, name in enumerate(TAGS) if bits <= place] if bits < len(TAGS) else []
    return [{"id": lists.segment_named(audience, name)["id"], "name": name} for name in names[:1]]


def member(world: World, lists: Lists, audience: Audience, row: Row) -> dict[str, Any]:
    written = row.fields
    who = people.person(world, row.index, row.version)
    email = email_of(world, row)
    identity = hash_of(email)
    merged = {
        "FNAME": "" if row.written else who.first,
        "LNAME": "" if row.written else who.last,
        "ADDRESS": "" if row.written or row.index % 6 else _address(who.company.city, who.company.country),
        "PHONE": "" if row.written else who.phone,
        "BIRTHDAY": "",
        "COMPANY": "" if row.written else who.company.name,
        **written.get("merge_fields", {}),
    }
    bits = mix(world.seed, number_of(audience.list_id), row.index, 9)
    tags = tags_of(world, lists, audience, row)
    opened = stamp(row.created)
    base = {
        "id": identity,
        "email_address": email,
        "unique_email_id": f"{bits:016x}"[:10],
        "contact_id": f"{bits:016x}{mix(bits):016x}",
        "full_name": f"{merged['FNAME']} {merged['LNAME']}".strip(),
        "web_id": 479_000_000 + row.index,
        "email_type": "html",
        "status": status_of(world.seed, audience, row),
        "consents_to_one_to_one_messaging": True,
        "sms_phone_number": "",
        "sms_subscription_status": "",
        "sms_subscription_last_updated": "",
        "merge_fields": merged,
        "interests": {},
        "stats": {
            "avg_open_rate": (bits % 100) / 100,
            "avg_click_rate": (bits % 20) / 100,
            "ecommerce_data": {"total_revenue": 0, "number_of_orders": 0, "currency_code": "USD"},
        },
        "ip_signup": "",
        "timestamp_signup": "" if row.index % 3 else opened,
        "ip_opt": "192.0.2.1",
        "timestamp_opt": opened,
        "member_rating": 1 + bits % 5,
        "last_changed": stamp(row.changed),
        "language": "" if row.written else who.language,
        "vip": bits % 50 == 0,
        "email_client": "",
        "location": {
            "latitude": 0, "longitude": 0, "gmtoff": 0, "dstoff": 0,
            "country_code": "", "timezone": "", "region": "",
        },
        "source": "API - Generic" if row.written else "Admin Add",
        "tags_count": len(tags),
        "list_id": audience.list_id,
        "_links": links(
            f"/lists/{audience.list_id}/members/{identity}", "Lists/Members", "PATCH", "PUT", "DELETE"
        ),
    }  # fmt: skip
    kept = {name: value for name, value in written.items() if name in WRITABLE - {"merge_fields", "status", "tags"}}
    return {**base, **kept, "tags": tags}


def _address(city: str, country: str) -> dict[str, str]:
    return {"addr1": "1 Example Street", "addr2": "", "city": city, "state": "", "zip": "", "country": country}
