from __future__ import annotations

import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.sendgrid.webhooks import private_key
from tests.platforms.told import Told
from tests.spec.judging import Judge
from tests.spec.sendgrid import Parts

_SECRET = "sandbox-signing-secret"
_PUBLIC = ec.derive_private_key(private_key(_SECRET), ec.SECP256R1()).public_key()
_SHOWN = _PUBLIC.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

_WRITES = "an answer to a write, which tells no record"
_OTHER_DATA = "data that no stream reads"

TOLD = Told(
    settings={"region": "api"},
    webhook={"verification_key": base64.b64encode(_SHOWN).decode(), "_secret": _SECRET},
    records={
        "nango/contacts.json": ("contacts", "result"),
        "nango/list-contacts.json": ("contacts", "result"),
        "nango/create-list.json": ("lists", ""),
        "nango/get-list.json": ("lists", ""),
        "nango/get-dynamic-template.json": ("templates", ""),
        "nango/create-suppression-group.json": ("suppression_groups", ""),
        "nango/update-suppression-group.json": ("suppression_groups", ""),
    },
    unread={
        "nango/activate-template-version.json": _WRITES,
        "nango/add-contacts-to-list.json": _WRITES,
        "nango/add-global-suppressions.json": _WRITES,
        "nango/add-group-suppressions.json": _WRITES,
        "nango/create-custom-field.json": _WRITES,
        "nango/create-segment.json": _WRITES,
        "nango/create-sender-identity.json": _WRITES,
        "nango/create-template-version.json": _WRITES,
        "nango/delete-bounces.json": _WRITES,
        "nango/delete-custom-field.json": _WRITES,
        "nango/delete-group-suppression.json": _WRITES,
        "nango/delete-sender-identity.json": _WRITES,
        "nango/delete-spam-reports.json": _WRITES,
        "nango/delete-suppression-group.json": _WRITES,
        "nango/remove-contacts-from-list.json": _WRITES,
        "nango/resend-sender-verification.json": _WRITES,
        "nango/send-mail.json": _WRITES,
        "nango/update-segment.json": _WRITES,
        "nango/update-sender-identity.json": _WRITES,
        "nango/update-template-version.json": _WRITES,
        "nango/list-custom-fields.json": _OTHER_DATA,
        "nango/list-sender-identities.json": _OTHER_DATA,
        "nango/sender-identities.json": _OTHER_DATA,
        "nango/list-group-suppressions.json": _OTHER_DATA,
        "nango/get-contacts-count.json": _OTHER_DATA,
    },
    # Its polls find the job pending: what is still made is asked for again.
    refused={"nango/upsert-contacts.json": "retry"},
    judge=Judge(
        document=Parts(),
        undeclared={r"GET /.*\.json\.gz": "the storage that exports are fetched from"},
        excused={
            r"segments/2\.0 200: \$: ": "declared as one segment, recorded as a list of them at `results`",
            r"segments/2\.0 tells": "declared as one segment, recorded as a list of them at `results`",
            r"templates 200: .*'d-[0-9a-f]{32}' is too short": "recorded ids of dynamic templates have 34 characters",
            r"singlesends 200: .*abtest: None": "the description's own example has null",
            r"exports/\{id\} tells export_type": "told in the list of exports, which has the same objects",
        },
    ),
)
