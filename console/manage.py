"""What is connected: list, show, update, pause, resume, remove; and what could be: the platforms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from connectors.catalog import connector, connectors
from connectors.sdk.auth import OAuth2
from connectors.sdk.base import Connector
from console.render import ago, clean, every, mark, table
from console.work import note, show, workspace, write_json
from core.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from storage.state.models import Integration
    from tasks.workspace import Workspace

# Who owns it is the same for all that one can see; the block holds the sealed credential and is found by itself.
_HIDDEN = frozenset({"owner", "block_name"})


def list_platforms(as_json: bool) -> None:
    """The platforms there are."""
    found = connectors()
    if as_json:
        write_json(
            [
                {
                    "name": one.name,
                    "title": one.title,
                    "category": one.category,
                    "methods": [auth.name for auth in one.auth],
                    "streams": [stream.name for stream in one.streams],
                    "writes": [stream.name for stream in one.streams if stream.write],
                    "limits": [
                        {"bucket": limit.bucket, "requests": limit.requests, "seconds": limit.seconds}
                        for limit in one.rate_limit.limits
                    ],
                    "calls_at_once": one.rate_limit.concurrency,
                    "webhooks": one.inbound.signed if one.inbound else None,
                    "version": one.version.name if one.version else None,
                    "docs": one.docs,
                }
                for one in found
            ]
        )
        return
    rows = [
        (
            Text(one.name, style="bold"),
            one.title,
            one.category,
            "\n".join(auth.name for auth in one.auth),
            ", ".join(stream.name + ("*" if stream.write else "") for stream in one.streams),
            _limits(one),
            re.split(r" over| \(|,", one.inbound.signed)[0] if one.inbound else "none",
        )
        for one in found
    ]
    lines = [[value if isinstance(value, Text) else Text(value) for value in row] for row in rows]
    show(table(("name", "platform", "kind", "methods", "what is read (* and written)", "limits", "webhooks"), lines))


def _limits(one: Connector) -> str:
    """The tightest of the published limits, and how many calls are in flight."""
    limits = sorted(one.rate_limit.limits, key=lambda limit: limit.requests / limit.seconds)
    tightest = f"{limits[0].requests:,} in {limits[0].seconds:g} s\n" if limits else ""
    return f"{tightest}{one.rate_limit.concurrency} at once"


def list_integrations(platform: str | None, as_json: bool) -> None:
    """What is connected. Nothing connected is an answer, not an error."""
    try:
        with workspace() as place:
            rows, now = place.scope.integrations(platform), place.clock()
    except UsageError as error:
        if as_json:
            write_json([])
        else:
            note(f"{error}. {error.advice}")
        return
    if as_json:
        write_json([described(row) for row in rows])
        return
    lines = [
        (
            Text(row.name, style="bold"),
            row.platform,
            row.account_label,
            mark(row.status),
            ago(row.last_success_at, now),
            next_sync(row, now),
            every(row.schedule_minutes),
        )
        for row in rows
    ]
    show(table(("name", "platform", "account", "status", "last success", "next sync", "schedule"), lines))
    for row in rows:
        if row.status == "attention" or row.last_error:
            note(f"{row.name}: {row.status_reason or row.last_error}")


def next_sync(row: Integration, now: datetime) -> str:
    """When the next sync is due, in words."""
    if row.status == "paused" or row.schedule_minutes == 0:
        return "on demand"
    if row.status == "attention":
        return "after you have looked"
    due = max((at for at in (row.next_due_at, row.paused_until) if at is not None), default=now)
    return "now" if due <= now else ago(due, now)


def described(row: Integration) -> dict[str, Any]:
    """An integration as plain values. It holds no secret: its credential is in its block, sealed."""
    return {name: value for name, value in row.model_dump().items() if name not in _HIDDEN}


def show_integration(name: str, as_json: bool) -> None:
    """All that is known of one integration."""
    with workspace() as place:
        row, now = place.scope.integration(name), place.clock()
        health, findings = place.scope.health(name), place.scope.findings(name=name)
    if as_json:
        write_json(
            described(row)
            | {
                "health": [reading.model_dump(exclude={"owner", "integration"}) for reading in health],
                "findings": [finding.model_dump(exclude={"owner", "integration", "id"}) for finding in findings],
            }
        )
        return
    wanted = connector(row.platform)
    facts: list[tuple[str, Any]] = [
        ("platform", f"{wanted.title} ({row.platform})"),
        ("account", row.account_label),
        ("status", mark(row.status)),
        ("reason", row.status_reason),
        ("schedule", every(row.schedule_minutes)),
        ("next sync", next_sync(row, now)),
        ("last sync", ago(row.last_sync_at, now)),
        ("last success", ago(row.last_success_at, now)),
        ("last error", row.last_error),
        ("credential", wanted.method(row.auth_method).title),
        ("sealed", f"{ago(row.credential_sealed_at, now)}, with app secret {row.key_version}"),
        ("expires", ago(row.credential_expires_at, now, never="")),
        ("rights", ", ".join(row.scopes)),
        ("streams", ", ".join(stream.name for stream in wanted.streams_for(row.auth_method))),
        *((f"setting {key}", clean(str(value))) for key, value in sorted(row.settings.items()) if key != "account"),
    ]
    lines = [(Text(label, style="dim"), value) for label, value in facts if value]
    show(Text(row.name, style="bold"), table(("", ""), lines))
    if health:
        checks = [(h.check_name, mark(h.status), h.message, ago(h.at, now)) for h in health]
        show(table(("check", "status", "what it saw", "when"), checks, title="\nHealth"))
    if findings:
        found = [(mark(f.severity), f.title, f.remedy, ago(f.first_seen, now)) for f in findings]
        show(table(("severity", "finding", "what to do", "since"), found, title="\nSecurity findings"))


def update_integration(name: str, minutes: int | None, settings: Sequence[str]) -> None:
    """Changes schedule and settings. Raises UsageError for a setting that the integration does not have."""
    if minutes is None and not settings:
        raise UsageError("there is nothing to change", advice="Say what: --every 15, or --set key=value")
    with workspace() as place:
        row = place.scope.integration(name)
        changes: dict[str, Any] = {}
        if minutes is not None:
            changes["schedule_minutes"] = minutes
        if settings:
            changes["settings"] = _changed_settings(row, settings)
        row = place.scope.update_integration(name, **changes)
        _audit(place, "updated", name, changed=sorted(changes))
        if minutes is not None:
            _tell(place)
    note(f"✓ {name} is changed. Syncs: {every(row.schedule_minutes)}.")


def _changed_settings(row: Integration, changes: Sequence[str]) -> dict[str, Any]:
    auth = connector(row.platform).method(row.auth_method)
    # An app's client id lives beside its secret in the sealed credential: only connecting anew changes both.
    fields = {field.name: field for field in auth.fields if not field.secret and not isinstance(auth, OAuth2)}
    fixed = {"account"} | ({field.name for field in auth.fields} if isinstance(auth, OAuth2) else set())
    possible = sorted((set(row.settings) | set(fields)) - fixed)
    settings = dict(row.settings)
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals or key not in possible:
            raise UsageError(
                f"{row.name} has no setting {key}" if equals else "--set wants key=value",
                advice=f"It has: {', '.join(possible) or 'none that can be changed'}.",
            )
        settings[key] = fields[key].check(value) if key in fields else _like(settings[key], key, value)
    return settings


def _like(before: Any, key: str, value: str) -> Any:
    """The value in the type that the setting has had."""
    if isinstance(before, bool):
        if value not in ("true", "false"):
            raise UsageError(f"{key} is true or false")
        return value == "true"
    if isinstance(before, int):
        try:
            return int(value)
        except ValueError:
            raise UsageError(f"{key} is a whole number") from None
    return value


def pause_integration(name: str) -> None:
    with workspace() as place:
        place.scope.update_integration(name, status="paused")
        _audit(place, "paused", name)
        _tell(place)
    note(f"✓ {name} is paused. Let it go on: integrations resume {name}")


def resume_integration(name: str) -> None:
    with workspace() as place:
        row = place.scope.update_integration(name, status="active")
        _audit(place, "resumed", name)
        _tell(place)
        now = place.clock()
    note(f"✓ {name} goes on. Next sync: {next_sync(row, now)}.")


def remove_integration(name: str, yes: bool) -> None:
    with workspace() as place:
        row = place.scope.integration(name)
        if not yes:
            typer.confirm(
                f"Forget {name} ({row.account_label or row.platform}) and its credential? What was synced stays.",
                abort=True,
                err=True,
            )
        from console.prefect_server import import_vault, tell_schedules, use_server
        from tasks.connecting import remove

        with use_server(place.home, meanwhile=import_vault) as server:
            remove(place, name)
            tell_schedules(place, server)
    note(f"✓ {name} is removed. At the platform the credential is still valid: revoke it there too.")


def _audit(place: Workspace, action: str, name: str, **detail: Any) -> None:
    from storage.audit import audit

    audit(place.scope, action, name, **detail)


def _tell(place: Workspace) -> None:
    from console.prefect_server import tell_schedules

    tell_schedules(place)
