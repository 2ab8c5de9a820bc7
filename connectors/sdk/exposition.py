"""What a server says of itself in Prometheus' text format, as records.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import math
import re
from typing import Final

import msgspec

from core.errors import BadReply
from core.http import Response

_SAMPLE: Final = re.compile(
    r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)(?:\s+-?\d+)?\s*"
)
_LABEL: Final = re.compile(r'\s*(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"(?P<value>(?:[^"\\]|\\.)*)"\s*(?:,|$)')
_ESCAPED: Final = re.compile(r"\\(.)")
_SUFFIXES: Final = ("_bucket", "_sum", "_count")


def samples(response: Response) -> list[bytes]:
    """Each sample as {"name", "kind", "help", "labels", "label_key", "value"}, in the order told.

    `label_key` is the labels as a JSON list of pairs by name; a value that is no number (NaN, infinite) is
    null. Raises BadReply for what is not in this format, or not whole.
    """
    try:
        text = response.body.decode()
    except UnicodeDecodeError as error:
        raise BadReply(f"the metrics are no text ({error})") from error
    if text and not text.endswith("\n"):
        raise BadReply("the metrics break off: their last line does not end")
    kinds: dict[str, str] = {}
    helps: dict[str, str] = {}
    found: list[bytes] = []
    for line in text.split("\n"):
        if line.startswith("#"):
            _, _, rest = line.partition(" ")
            word, _, about = rest.partition(" ")
            name, _, told = about.partition(" ")
            if word in ("TYPE", "HELP"):
                (kinds if word == "TYPE" else helps)[name] = told.strip()
        elif line.strip():
            found.append(_record(line, kinds, helps))
    return found


def _record(line: str, kinds: dict[str, str], helps: dict[str, str]) -> bytes:
    sample = _SAMPLE.fullmatch(line)
    if sample is None:
        raise BadReply("the metrics hold a line that is no sample")
    labels = _labels(sample["labels"] or "")
    name = sample["name"]
    family = next((name.removesuffix(end) for end in _SUFFIXES if name.removesuffix(end) in kinds), name)
    return msgspec.json.encode(
        {
            "name": name,
            "kind": kinds.get(name) or kinds.get(family),
            "help": helps.get(name) or helps.get(family),
            "labels": labels,
            "label_key": msgspec.json.encode(sorted(labels.items())).decode(),
            "value": _value(sample["value"]),
        }
    )


def _labels(text: str) -> dict[str, str]:
    labels: dict[str, str] = {}
    while text.strip():
        label = _LABEL.match(text)
        if label is None:
            raise BadReply("the metrics hold labels that cannot be read")
        labels[label["name"]] = _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], label["value"])
        text = text[label.end() :]
    return labels


def _value(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        raise BadReply("the metrics hold a value that is no number") from None
    return number if math.isfinite(number) else None
