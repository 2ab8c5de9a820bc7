"""The address of a request, and the guard that keeps a credential within the connector's declared hosts."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from connectors.sdk.auth import Settings
from connectors.sdk.base import Connector
from core.addresses import is_address, place_of
from core.errors import HostNotAllowed
from core.http import Request

PRIVATE_NETWORK: Final = "private_network"
"""The setting by which a person says, with "yes", that their own server is on this machine or in a private network."""


def address(connector: Connector, integration: str, settings: Settings, request: Request) -> str:
    """Base, filled path and query. Raises HostNotAllowed where the base needs a setting that is not known."""
    try:
        base = request.base or connector.base_url.format_map(settings)
    except KeyError as error:
        raise HostNotAllowed(
            f"{integration}: the address of {connector.title} needs the setting {error.args[0]}, "
            "which is not known yet",
            advice=f"Connect it again: integrations connect {connector.name}",
        ) from error
    text, asked = base.rstrip("/") + request.filled_path, query(request)
    return text + ("&" if "?" in text else "?") + asked if asked else text


def query(request: Request) -> str:
    """The parameters as a query: lists repeat their name, true and false are written as in JSON. What the request has
    ready as it is comes last."""
    told = {k: str(v).lower() if isinstance(v, bool) else v for k, v in request.params.items()}
    return "&".join(part for part in (urlencode(told, doseq=True), request.query) if part)


def guard(
    connector: Connector,
    integration: str,
    settings: Settings,
    *,
    scheme: str,
    host: str,
    port: int | None,
    userinfo: bool,
) -> None:
    """Raises HostNotAllowed unless it is https to a declared host. `port` is None where it is the usual one.

    A person's own server may be called with plain http where they said that it is in a private network; an address in
    place of a name is judged here, what a name stands for where it is looked up (connectors/sdk/transport.py).
    """
    place = host if port is None else f"{host}:{port}"
    private = in_private_network(connector, settings)
    if (
        userinfo
        or not connector.allows(place, settings)
        or scheme not in (("https", "http") if private else ("https",))
    ):
        raise HostNotAllowed(
            f"{integration}: a request to {scheme}://{place} was stopped, which is not a declared host of "
            f"{connector.title}",
            advice=_PLAIN
            if scheme == "http" and connector.own_server
            else "Nothing was sent. If the platform has moved, the connector's hosts need that name.",
        )
    if connector.own_server and is_address(host):
        judge(integration, scheme, host, private=private)


def in_private_network(connector: Connector, settings: Settings) -> bool:
    return connector.own_server and settings.get(PRIVATE_NETWORK) == "yes"


def judge(integration: str, scheme: str, address: str, *, private: bool) -> None:
    """Raises HostNotAllowed unless a person's own server may be at this address.

    OWASP, "Server-Side Request Forgery Prevention Cheat Sheet". `private`: the person said that it is in a private
    network; the key then never goes in plain text to the public one.
    """
    place, stopped = place_of(address), f"{integration}: a request to {address} was stopped: "
    if place == "forbidden":
        raise HostNotAllowed(
            f"{stopped}no server of one's own is there",
            advice="Nothing was sent. Metadata services, link-local and reserved addresses are never called.",
        )
    if place != "public" and not private:
        raise HostNotAllowed(
            f"{stopped}it is on this machine or in a private network",
            advice=f"Nothing was sent. If the server is yours, connect it again with {PRIVATE_NETWORK}=yes.",
        )
    if place == "public" and scheme == "http":
        raise HostNotAllowed(f"{stopped}it is public, and http would show the key to everybody", advice=_PLAIN)


_PLAIN: Final = (
    "Nothing was sent. Give the server's https address; plain http is only for servers on this machine or in a private "
    f"network, with {PRIVATE_NETWORK}=yes."
)
