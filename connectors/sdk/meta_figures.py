"""Figures as Meta tells them: metrics that have a value, or values by kind.

https://developers.facebook.com/docs/graph-api/reference/insights-result,
https://developers.facebook.com/docs/instagram-platform/reference/instagram-user/insights (`total_value`)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from connectors.sdk.streams import present_records
from core.http import JSON, Response


def metrics_of(response: Response) -> Iterator[dict[str, Any]]:
    return map(msgspec.json.decode, present_records(response, "data"))


def described(metric: Mapping[str, Any]) -> dict[str, JSON]:
    return {"metric": metric.get("name"), **{name: metric.get(name) for name in ("period", "title", "description")}}


def figure(value: JSON) -> dict[str, JSON]:
    """A number, or numbers by kind."""
    return {"parts": value} if isinstance(value, dict | list) else {"value": value}


def only_figure(metric: Mapping[str, Any]) -> dict[str, JSON]:
    """The one figure of a metric, with its parts where it is told by kind; empty where there is none."""
    total = metric.get("total_value")
    found = total if isinstance(total, dict) else next(iter(metric.get("values") or ()), None)
    if not isinstance(found, dict) or not ("value" in found or found.get("breakdowns")):
        return {}
    return {"parts": found.get("breakdowns") or None, **figure(found.get("value"))}


def in_groups(response: Response) -> list[bytes]:
    """The figures of metrics that were asked for with a breakdown, a record for each group."""
    return [
        msgspec.json.encode(
            {
                "metric": metric.get("name"),
                "breakdown": ",".join(breakdown.get("dimension_keys", ())),
                "part": ",".join(result.get("dimension_values", ())),
                **dict(zip(breakdown.get("dimension_keys", ()), result.get("dimension_values", ()), strict=False)),
                "value": result.get("value"),
            }
        )
        for metric in metrics_of(response)
        for breakdown in (metric.get("total_value") or {}).get("breakdowns") or ()
        for result in breakdown.get("results") or ()
    ]
