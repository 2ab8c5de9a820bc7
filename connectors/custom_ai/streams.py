"""What is read of a model server: the list that all of them have, and what some of them tell besides.

What not every server has is asked for as `optional`: a server without it has nothing there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from connectors.custom_ai.writes import OLLAMA_WRITE
from connectors.sdk.base import Stream, Version
from connectors.sdk.exposition import samples
from connectors.sdk.streams import present_records, value_of, with_members
from connectors.sdk.windows import window_stream
from core.errors import BadReply
from core.http import Request, Response
from core.model import EMPTY_STATE, Column, Context, Mode, Page, State

VERSION: Final = Version(name="v1", read=date(2026, 11, 23))
_LISTS: Final = ("data", "models")


def models_told(response: Response) -> list[bytes]:
    """The models of a list in any of the shapes there are: below `data`, below `models`, or a list alone.

    Raises BadReply where there is no such list.
    """
    if response.body.lstrip()[:1] == b"[":
        return response.records()
    place = next((name for name in _LISTS if isinstance(response.get(name), list)), "")
    if not place:
        raise BadReply("the reply holds no list of models")
    return response.records(place)


def _whole_stream(
    name: str,
    path: str,
    cut: Callable[[Response], Sequence[bytes]],
    columns: tuple[Column, ...],
    about: str,
    *,
    below: str = "root",
    optional: bool = True,
    mode: Mode = "upsert",
    **more: Any,
) -> Stream:
    """All there is in one reply, at a path below the setting `below`; the columns of the key come first."""

    def request(state: State, context: Context) -> Request:
        return Request(path=f"{context.settings.get(below, '')}/{path}", optional=optional)

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        return Page(records=cut(response), state=EMPTY_STATE)

    return Stream(
        name=name, columns=columns, request=request, parse=parse, mode=mode, sweep=mode == "upsert", about=about, **more
    )


def _texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name) for name in names)


def _integers(*names: str, **paths: str) -> tuple[Column, ...]:
    places = {**{name: name for name in names}, **paths}
    return tuple(Column(name=name, type="integer", path=path, minimum=0) for name, path in places.items())


MODELS: Final = _whole_stream(
    "models",
    "models",
    models_told,
    (
        Column(name="id", required=True),
        Column(name="created", type="epoch", about="Some servers tell when it was last changed, some a constant."),
        *_texts("owned_by", "root", "parent", "name", "description"),
        *_integers(
            "max_model_len",
            "context_length",
            trained_context="meta/n_ctx_train",
            parameters="meta/n_params",
            size_bytes="meta/size",
        ),
        Column(name="pricing", type="json"),
    ),
    "The models that the server offers. Whatever else it tells of them is in the raw record.",
    below="api",
    optional=False,
)

_DETAILS: Final = (
    Column(name="format", path="details/format"),
    Column(name="family", path="details/family"),
    Column(name="families", type="json", path="details/families"),
    Column(name="parameter_size", path="details/parameter_size"),
    Column(name="quantization_level", path="details/quantization_level"),
)
OLLAMA_MODELS: Final = _whole_stream(
    "ollama_models",
    "api/tags",
    lambda response: present_records(response, "models"),
    (
        Column(name="name", required=True),
        *_texts("model", "digest"),
        *_integers("size"),
        Column(name="modified_at", type="timestamp"),
        *_DETAILS,
    ),
    "Ollama: the models on the server, with size, digest and quantization.",
    key=("name",),
    write=OLLAMA_WRITE,
)
RUNNING_MODELS: Final = _whole_stream(
    "running_models",
    "api/ps",
    lambda response: present_records(response, "models"),
    (
        Column(name="name", required=True),
        *_texts("model", "digest"),
        *_integers("size", "size_vram", "context_length"),
        Column(name="expires_at", type="timestamp"),
        *_DETAILS,
    ),
    "Ollama: the models that are loaded.",
    mode="snapshot",
    key=("name",),
)

# Not the prompt, which some versions tell too.
_OF_SLOTS: Final = ("id", "id_task", "n_ctx", "is_processing", "speculative")


def _slots(response: Response) -> list[bytes]:
    if response.body.lstrip()[:1] != b"[":
        raise BadReply("the reply is no list of slots")
    return [msgspec.json.encode({name: value_of(record, name) for name in _OF_SLOTS}) for record in response.records()]


SLOTS: Final = _whole_stream(
    "slots",
    "slots",
    _slots,
    (
        Column(name="id", type="integer", required=True),
        Column(name="id_task", type="integer"),
        *_integers("n_ctx"),
        Column(name="is_processing", type="boolean"),
        Column(name="speculative", type="boolean"),
    ),
    "llama.cpp: the places in which requests are worked on.",
    mode="snapshot",
)
METRICS: Final = _whole_stream(
    "metrics",
    "metrics",
    samples,
    (
        Column(name="name", required=True),
        Column(name="label_key", required=True, about="The labels as a JSON list of pairs."),
        *_texts("kind", "help"),
        Column(name="labels", type="json"),
        Column(name="value", type="number"),
    ),
    "vLLM, llama.cpp: the server's metrics, as it tells them to Prometheus.",
    mode="snapshot",
    key=("name", "label_key"),
)


def _spent(response: Response, context: Context) -> list[bytes]:
    if response.body.lstrip()[:1] != b"[":
        raise BadReply("the reply is no list of days")
    return [with_members(record, {"day": _day(record)}) for record in response.records()]


def _day(record: bytes) -> str:
    return str(value_of(record, "startTime") or value_of(record, "date"))[:10]


def _ask_for_days(context: Context, begin: date, end: date) -> Request:
    # Whether the last day is included is told nowhere: the day after it costs nothing.
    params = {"start_date": begin.isoformat(), "end_date": (end + timedelta(days=1)).isoformat()}
    return Request(path=f"{context.settings.get('root', '')}/spend/logs", params=params, optional=True)


SPEND: Final = window_stream(
    name="spend",
    ask=_ask_for_days,
    cut=_spent,
    days=30,
    still_changing=2,
    key=("day",),
    columns=(
        Column(name="day", type="date", required=True),
        Column(name="spend", type="number", about="US dollars."),
        Column(name="models", type="json"),
        Column(name="users", type="json"),
    ),
    about="LiteLLM: what was spent, day by day, by model and by user.",
)

STREAMS: Final = (MODELS, OLLAMA_MODELS, RUNNING_MODELS, SLOTS, METRICS, SPEND)
