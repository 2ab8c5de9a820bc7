"""The address of a request, and the guard that keeps a credential within the connector's declared hosts."""

from __future__ import annotations

from urllib.parse import urlencode

from connectors.sdk.auth import Settings
from connectors.sdk.base import Connector
from core.errors import HostNotAllowed
from core.http import Request


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
    text = base.rstrip("/") + request.filled_path
    return text + ("&" if "?" in text else "?") + query(request) if request.params else text


def query(request: Request) -> str:
    """The parameters as a query: lists repeat their name, true and false are written as in JSON."""
    return urlencode({k: str(v).lower() if isinstance(v, bool) else v for k, v in request.params.items()}, doseq=True)


def guard(
    connector: Connector, integration: str, settings: Settings, *, scheme: str, host: str, userinfo: bool
) -> None:
    """Raises HostNotAllowed unless it is https to a declared host; `host` has its port where it is not the usual."""
    if scheme != "https" or userinfo or not connector.allows(host, settings):
        raise HostNotAllowed(
            f"{integration}: a request to {scheme}://{host} was stopped, which is not a declared host of "
            f"{connector.title}",
            advice="Nothing was sent. If the platform has moved, the connector's hosts need that name.",
        )
