"""What can be written at SendGrid: contacts by their address, lists, and who is written to again.

https://www.twilio.com/docs/sendgrid/api-reference/contacts/add-or-update-a-contact
Contacts are put into a queue and show up later; the last write wins, as nothing can be compared.
"""

from __future__ import annotations

from typing import Final

from connectors.sdk.writing import Key, Record, Write
from core.errors import UsageError
from core.http import Request, Response
from core.model import Context

_CONTACTS: Final = "/v3/marketing/contacts"
_LISTS: Final = "/v3/marketing/lists"
_BY: Final = ("email", "phone_number", "external_id")


def _put(record: Record, context: Context) -> Request:
    """Adds a contact or changes the one of this address; `list_ids` puts it on lists as well."""
    if not any(record.get(name) for name in _BY):
        raise UsageError("a contact needs an address (email), a phone number or an external id")
    contact = {name: value for name, value in record.items() if name != "list_ids"}
    renamed = {("phone_number_id" if name == "phone_number" else name): value for name, value in contact.items()}
    lists = record.get("list_ids")
    return Request(method="PUT", path=_CONTACTS, json={"contacts": [renamed], **({"list_ids": lists} if lists else {})})


def _list_request(method: str, key: Key) -> Request:
    return Request(method=method, path=f"{_LISTS}/{{id}}", args={"id": key["id"]})


def _job(response: Response) -> Key:
    """A put tells a job instead of the contact, whose id is known when the job is done."""
    return {"job_id": str(response.get("job_id"))}


CONTACT_WRITE: Final = Write(
    writable=(
        *_BY,
        "first_name",
        "last_name",
        "city",
        "country",
        "postal_code",
        "state_province_region",
        "address_line_1",
        "list_ids",
        "custom_fields",
    ),
    create=_put,
    delete=lambda key, version, context: Request(method="DELETE", path=_CONTACTS, params={"ids": key["id"]}),
    read=lambda key, context: Request(path=f"{_CONTACTS}/{{id}}", args={"id": key["id"]}),
    created=_job,
    upsert=("email",),
    scopes=("marketing.write",),
    about="Changing is creating again. Both are done later: the reply names a job.",
)
LIST_WRITE: Final = Write(
    writable=("name",),
    create=lambda record, context: Request(method="POST", path=_LISTS, json={"name": record["name"]}, repeatable=False),
    update=lambda key, changes, version, context: _list_request("PATCH", key).with_body(**changes),
    delete=lambda key, version, context: _list_request("DELETE", key),
    read=lambda key, context: _list_request("GET", key),
    scopes=("marketing.write",),
    about="The contacts of a deleted list stay.",
)


def suppression_write(path: str, *, global_one: bool) -> Write:
    """Taking an address off; the list of those who want no mail at all can be added to as well."""
    one = "/v3/asm/suppressions/global" if global_one else path
    return Write(
        writable=("email",) if global_one else (),
        create=_suppress if global_one else None,
        delete=lambda key, version, context: Request(
            method="DELETE", path=f"{one}/{{email}}", args={"email": key["email"]}
        ),
        created=lambda response: {"email": str((response.get("recipient_emails") or [""])[0])},
        upsert=("email",) if global_one else (),
        scopes=("suppression.create",) if global_one else ("suppression.delete",),
    )


def _suppress(record: Record, context: Context) -> Request:
    return Request(method="POST", path="/v3/asm/suppressions/global", json={"recipient_emails": [record["email"]]})
