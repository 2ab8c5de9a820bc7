from __future__ import annotations

import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.sendgrid.webhooks import private_key
from tests.platforms.told import Told

_SECRET = "sandbox-signing-secret"
_PUBLIC = ec.derive_private_key(private_key(_SECRET), ec.SECP256R1()).public_key()
_SHOWN = _PUBLIC.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

TOLD = Told(
    settings={"region": "api"},
    webhook={"verification_key": base64.b64encode(_SHOWN).decode(), "_secret": _SECRET},
    no_judge="the specifications of SendGrid are not read by a judge yet",
)
