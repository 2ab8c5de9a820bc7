"""`docs/platforms.md`, made from the catalog so that it cannot drift.

python -m console.platforms_page        writes the page anew
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from connectors.catalog import connectors
from connectors.sdk.auth import ApiKey, OAuth2
from connectors.sdk.base import Connector, Stream
from core.pacing import Limit

PAGE: Final = Path(__file__).parents[1] / "docs" / "platforms.md"
_HEAD: Final = """# Platforms

Made from the catalog by `python -m console.platforms_page`; a test checks that it is true.

"""


def page() -> str:
    """The whole page."""
    everything = connectors()
    overview = _table(
        ("platform", "category", "streams", "authentication", "webhooks", "writes", "version read"),
        (
            (
                f"[{c.title}](#{c.title.lower().replace(' ', '-')})",
                c.category,
                str(len(c.streams)),
                ", ".join(method.title for method in c.auth),
                c.inbound.signed if c.inbound else "none",
                ", ".join(stream.name for stream in c.streams if stream.write) or "none",
                f"{c.version.name} on {c.version.read.isoformat()}" if c.version else "",
            )
            for c in everything
        ),
    )
    return _HEAD + overview + "\n" + "\n".join(map(_section, everything))


def _section(connector: Connector) -> str:
    parts = [f"## {connector.title}\n", f"`{connector.name}` · [vendor's documents]({connector.docs})\n"]
    parts += [_methods(connector), _table(_STREAM_HEAD, map(_stream, connector.streams))]
    if connector.rate_limit.limits:
        limits = "; ".join(map(_limit, connector.rate_limit.limits))
        parts.append(f"Kept to: {limits}; at most {connector.rate_limit.concurrency} calls at once.\n")
    else:
        parts.append(f"No published limit on calls; at most {connector.rate_limit.concurrency} at once.\n")
    if connector.version and connector.version.ends:
        parts.append(f"Version {connector.version.name} is supported until {connector.version.ends.isoformat()}.\n")
    parts += _webhooks(connector)
    writes = [f"{line}\n" for line in map(_write, connector.streams) if line]
    parts += ["".join(writes)] if writes else []
    if connector.unverified:
        read = f" on {connector.version.read.isoformat()}" if connector.version else ""
        parts.append(f"No source that was read{read} confirms:\n")
        parts.append("".join(f"- {point}\n" for point in connector.unverified))
    return "\n".join(parts)


def _methods(connector: Connector) -> str:
    lines = []
    for method in connector.auth:
        fields = ", ".join(field.title.lower() + ("" if field.secret else " (no secret)") for field in method.fields)
        asked = () if isinstance(method, ApiKey) else method.scopes
        asked = method.asked_scopes if isinstance(method, OAuth2) else asked
        scopes = f"; scopes: `{' '.join(asked)}`" if asked else ""
        lines.append(f"- **{method.title}** (`{method.name}`): {fields}{scopes}\n")
    return "".join(lines)


def _webhooks(connector: Connector) -> list[str]:
    if connector.inbound is None:
        return ["No webhooks: what changed is found by reading.\n"]
    inbound, names = connector.inbound, ", ".join(f"`{kind}`" for kind in connector.inbound.kinds)
    window = f", at most {inbound.window:g} s old" if inbound.window else ", without a time"
    tells = f" Events: {names}." if names else ""
    return [f"[Webhooks]({inbound.docs}): {inbound.signed}{window}.{tells}\n"]


_CONTROL: Final = {
    "revision": "the platform refuses a write over another revision",
    "etag": "the platform refuses a write over another entity tag",
    "unmodified since": "the platform refuses a write over a later change",
    "compare": "nothing guards it, so what is there is compared before",
    "none": "nothing can be compared",
}


def _write(stream: Stream) -> str:
    write = stream.write
    if write is None:
        return ""
    can = [name for name in ("create", "update", "delete") if getattr(write, name) is not None]
    scopes = f", needs {', '.join(f'`{scope}`' for scope in write.scopes)}" if write.scopes else ""
    upsert = f"; creating finds by {', '.join(f'`{name}`' for name in write.upsert)}" if write.upsert else ""
    about = f" {write.about}" if write.about else ""
    return f"- `{stream.name}` can be written ({', '.join(can)}): {_CONTROL[write.control]}{upsert}{scopes}.{about}"


_STREAM_HEAD: Final = ("stream", "what", "rows", "key", "columns", "needs")


def _stream(stream: Stream) -> tuple[str, ...]:
    rows = {"upsert": "one per key", "snapshot": "one per key and day", "append": "every record"}[stream.mode]
    if stream.parent is not None:
        rows += f", read for each of `{stream.parent.stream}`"
    needs = [f"`{scope}`" for scope in stream.scopes] + [f"method `{method}`" for method in stream.methods]
    return (
        f"`{stream.name}`",
        stream.about,
        rows,
        ", ".join(f"`{name}`" for name in stream.key),
        str(len(stream.columns)),
        ", ".join(needs),
    )


def _limit(limit: Limit) -> str:
    return f"{limit.requests:,} in {limit.seconds:g} s ({limit.bucket})"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *(list(row) for row in rows)]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page())
