"""Sample credentials: what a person would type to connect each platform to the sandbox.

SAMPLES[slug][kind] is a plain dict of fields. Every value has the form that the vendor publishes and opens nothing
outside the sandbox. They are put together here at run time, so that no file holds the text of one: leak scanners
(gitleaks, trufflehog) would rightly stop at it.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from itertools import cycle, islice
from urllib.parse import quote

from sandbox.assertions import sample_key

HEX = "5a4db0c5"  # reads "sandbox" as far as hexadecimal lets it
WORD = "Sandbox0Sample1"


def hexes(length: int, serial: int = 0) -> str:
    """Hexadecimal of this length that ends with the serial number."""
    return _filled(HEX, length, f"{serial:04x}")


def letters(length: int, serial: int = 0) -> str:
    """Letters and digits of this length that end with the serial number."""
    return _filled(WORD, length, f"{serial:04d}")


def digits(length: int, serial: int = 0) -> str:
    """Digits of this length that end with the serial number, never with a leading zero."""
    return _filled("1234567890", length, f"{serial:04d}")


def uuid(serial: int = 0) -> str:
    return "-".join((HEX, "0000", "4000", "8000", f"{serial:012x}"))


def _filled(pattern: str, length: int, tail: str) -> str:
    return "".join(islice(cycle(pattern), length - len(tail))) + tail


def _oauth(client_id: str, client_secret: str) -> dict[str, str]:
    return {"client_id": client_id, "client_secret": client_secret}


def _google(serial: int) -> dict[str, str]:
    return _oauth(
        f"{digits(12, serial)}-{letters(32, serial).lower()}.apps.googleusercontent.com",
        "-".join(("GOCSPX", letters(28, serial))),
    )


def _google_key(serial: int, name: str) -> dict[str, str]:
    """The key file of a service account."""
    email = f"{name}@sandbox-labs.iam.gserviceaccount.com"
    key = {
        "type": "service_account",
        "project_id": "sandbox-labs",
        "private_key_id": hexes(40, serial),
        "private_key": sample_key(serial).pem,
        "client_email": email,
        "client_id": digits(21, serial),
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{quote(email)}",
        "universe_domain": "googleapis.com",
    }
    return {"key": json.dumps(key, indent=2)}


def _meta_token(serial: int) -> dict[str, str]:
    """The token of a Page, with the secret of its app."""
    return {"token": "EAA" + letters(180, serial), "app_secret": hexes(32, serial)}


def _x_client(serial: int) -> str:
    return urlsafe_b64encode(f"{letters(20, serial)}:1:ci".encode()).rstrip(b"=").decode()


SAMPLES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "x": {
        "oauth2": _oauth(_x_client(1), letters(50, 1)),
        "app_bearer": {"token": "A" * 22 + letters(86, 1), "username": "sandbox_labs"},
    },
    "x_analytics": {
        "oauth2": _oauth(_x_client(2), letters(50, 2)),
        "app_bearer": {"token": "A" * 22 + letters(86, 2), "username": "sandbox_labs"},
    },
    "linkedin": {
        "oauth2": _oauth(letters(14, 1).lower(), letters(16, 1)),
        "access_token": {"token": "AQ" + letters(350, 1)},
    },
    "facebook": {"oauth2": _oauth(digits(16, 1), hexes(32, 1)), "page_token": _meta_token(1)},
    "facebook_analytics": {"oauth2": _oauth(digits(16, 2), hexes(32, 2)), "page_token": _meta_token(2)},
    "instagram": {
        "oauth2": _oauth(digits(16, 3), hexes(32, 3)),
        "instagram_login": _oauth(digits(16, 4), hexes(32, 4)),
        "page_token": _meta_token(3),
        "instagram_token": {"token": "IGAA" + letters(180, 1), "app_secret": hexes(32, 4)},
    },
    "tiktok": {"oauth2": _oauth(letters(18, 1).lower(), letters(32, 1))},
    "youtube": {
        "oauth2": _google(1),
        "api_key": {"api_key": "AIza" + letters(35, 1), "channel_id": "UC" + letters(22, 1)},
    },
    "google_analytics": {"oauth2": _google(2), "service_account": _google_key(1, "reports")},
    "google_drive": {"oauth2": _google(3), "service_account": _google_key(2, "files")},
    "openai": {
        "api_key": {"token": "-".join(("sk", "proj", letters(74, 1) + "T3BlbkFJ" + letters(74, 1)))},
        "admin_key": {"token": "-".join(("sk", "admin", letters(58, 2) + "T3BlbkFJ" + letters(58, 2)))},
    },
    "claude": {
        "api_key": {"token": "-".join(("sk", "ant", "api03", letters(93, 1) + "AA"))},
        "admin_key": {"token": "-".join(("sk", "ant", "admin01", letters(93, 2) + "AA"))},
    },
    "custom_ai": {"api_key": {"base_url": "https://models.example/v1", "token": "-".join(("sk", letters(32, 1)))}},
    "hubspot": {
        "service_key": {"token": "-".join(("pat", "na1", uuid(1)))},
        "oauth2": _oauth(uuid(2), uuid(3)),
    },
    "salesforce": {
        "oauth2": _oauth("3MVG9" + letters(80, 1), hexes(64, 1).upper()),
        "client_credentials": {
            **_oauth("3MVG9" + letters(80, 2), hexes(64, 2).upper()),
            "login_host": "sandbox-labs.my.salesforce.com",
        },
        "jwt_bearer": {
            "client_id": "3MVG9" + letters(80, 3),
            "username": "integration@sandbox.example",
            "private_key": sample_key(4).pem,
        },
    },
    "mailchimp": {
        "api_key": {"token": "-".join((hexes(32, 1), "us21"))},
        "oauth2": _oauth(digits(12, 1), hexes(50, 1)),
    },
    "sendgrid": {"api_key": {"token": ".".join(("SG", letters(22, 1), letters(43, 1)))}},
    "dropbox": {
        "oauth2": _oauth(letters(15, 1).lower(), letters(15, 2).lower()),
        "access_token": {"token": "sl.u." + letters(140, 1)},
    },
}
