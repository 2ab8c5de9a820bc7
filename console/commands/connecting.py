"""connect, platforms."""

from __future__ import annotations

from typing import Annotated

import typer

from console.options import CONNECT, AsJson, add


def connect(
    platform: Annotated[str, typer.Argument(help="Which platform; `integrations platforms` lists them.")],
    name: Annotated[
        str | None,
        typer.Option(help="What to call it, if you connect several accounts (default: the platform's name)."),
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="The way to authenticate, where the platform has several (default: asks).")
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(min=0, metavar="MINUTES", help="Minutes between syncs; 0 for on demand only (default: 60)."),
    ] = None,
    field: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A field that is no secret. Repeat it for several.")
    ] = None,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read the fields from standard input, as a JSON object.")
    ] = False,
    paste_token: Annotated[
        bool, typer.Option("--paste-token", help="OAuth: you have an access token already, and paste it.")
    ] = False,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="OAuth: open the consent page, or only print its address.")
    ] = True,
    callback_port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, metavar="PORT", help="OAuth: the port of the redirect address; 0 takes a free one."
        ),
    ] = 8765,
) -> None:
    """Connects an account of a platform.

    Asks for what the platform needs (hidden where it is secret), tries it against the platform, seals it, and syncs
    every hour from then on. Connecting a name again gives that integration a new credential.

    Secrets are never arguments, which other people on the machine could read. Without a terminal, give them with
    --stdin or as environment variables: `INTEGRATIONS_<PLATFORM>_<FIELD>`.
    """
    from console.connect import Wishes, connect_platform

    connect_platform(
        platform,
        Wishes(
            name=name,
            method=method,
            every=every,
            fields=tuple(field or ()),
            stdin=stdin,
            paste_token=paste_token,
            browser=browser,
            callback_port=callback_port,
        ),
    )


def platforms(json: AsJson = False) -> None:
    """Lists the platforms that can be connected, what is read of them and how they authenticate."""
    from console.manage import list_platforms

    list_platforms(json)


def register(app: typer.Typer) -> None:
    add(
        app,
        connect,
        CONNECT,
        "integrations connect hubspot",
        "integrations connect hubspot --name hubspot-eu --every 15",
        "integrations connect dropbox --method oauth2 --no-browser",
        "integrations connect mailchimp --method api_key --stdin < fields.json",
        "INTEGRATIONS_HUBSPOT_TOKEN=… integrations connect hubspot --method service_key",
    )
    add(app, platforms, CONNECT, "integrations platforms")
