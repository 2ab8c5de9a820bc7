"""Custom AI models: any server with the interface of OpenAI (vLLM, Ollama, llama.cpp, LiteLLM, gateways).

Quirks, and where they are told:
- The person says where the server is, with `/v1` or without: both are tried, and the one that answers stays.
  https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
- So that nobody leads us to what is not theirs, only public addresses are called with https, and private ones where
  the person says that the server is theirs; a cloud's metadata service never (see core/addresses.py).
- The list of models may be open to everybody, so that it does not prove the key; nothing else is free to ask.
- Errors have any shape: a text, an object, a number for a code, `detail` (FastAPI), or no JSON at all.
  https://github.com/ollama/ollama/blob/main/docs/api/errors.mdx
- Nothing tells what changed: all is read at each sync. There are no webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import urlsplit

from connectors.custom_ai.streams import STREAMS, VERSION, models_told
from connectors.sdk.addresses import PRIVATE_NETWORK
from connectors.sdk.auth import ApiKey, Field, Settings, Values, bearer
from connectors.sdk.base import Connector
from core.classify import Disposition, ErrorRule
from core.errors import BadReply, CredentialMalformed
from core.http import Request, Response
from core.pacing import RateLimit

_USUAL_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
# What people copy from examples of calls.
_CALLS: Final = ("/chat/completions", "/completions", "/models")
_BUDGET: Final = "The key's budget at the server is used up: raise it there, or wait until it begins anew."


def _authorize(values: Values, request: Request) -> Mapping[str, str]:
    return bearer(values, request) if values.get("token") else {}


def _learn(values: Values) -> Settings:
    """Origin and host of the address that was given, its path, and what comes before `/v1` in it."""
    try:
        parts = urlsplit(values["base_url"])
        port, host = parts.port, parts.hostname or ""
        if ":" in host:
            IPv6Address(host)
    except ValueError:
        raise CredentialMalformed(
            "the address of the server is none", advice="For example: https://models.example.com/v1"
        ) from None
    port = None if port == _USUAL_PORTS[parts.scheme] else port
    shown = f"[{host}]" if ":" in host else host
    path = parts.path.rstrip("/")
    for call in _CALLS:
        path = path.removesuffix(call)
    return {
        "origin": f"{parts.scheme}://{shown}" if port is None else f"{parts.scheme}://{shown}:{port}",
        "host": host if port is None else f"{host}:{port}",
        "path": path,
        "root": path.removesuffix("/v1"),
        "account": f"{shown}{path}" if port is None else f"{shown}:{port}{path}",
    }


def _guesses(settings: Settings) -> tuple[Settings, ...]:
    path, root = str(settings.get("path", "")), str(settings.get("root", ""))
    return ({"api": path}, {"api": root}) if path.endswith("/v1") else ({"api": f"{path}/v1"}, {"api": path})


def _discover(response: Response) -> Settings:
    """Nothing tells who one is there. Raises BadReply for whatever else answers 200, such as a page for people."""
    try:
        models_told(response)
    except BadReply as error:
        raise BadReply(
            f"what answers there is no OpenAI-compatible server: {error}",
            advice="Give the address that programs are given; it mostly ends with /v1.",
        ) from error
    return {}


CONNECTOR: Final = Connector(
    name="custom_ai",
    title="Custom AI models",
    category="ai",
    base_url="{origin}",
    hosts=("{host}",),
    own_server=True,
    guesses=_guesses,
    auth=(
        ApiKey(
            name="api_key",
            title="Address of the server, with its key where it has one",
            fields=(
                Field(
                    name="base_url",
                    title="Address",
                    secret=False,
                    pattern=r"https?://(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[1-9]\d{0,4})?"
                    r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*/?",
                    help="As programs are given it, such as https://models.example.com/v1, or "
                    "http://localhost:11434 for an Ollama on this machine.",
                ),
                Field(
                    name="token",
                    title="API key",
                    optional=True,
                    pattern=r"[!-~]{1,512}",
                    help="Leave it empty where the server asks for none.",
                ),
                Field(
                    name=PRIVATE_NETWORK,
                    title="Is the server on this machine or in a private network (yes or no)",
                    secret=False,
                    optional=True,
                    pattern="yes|no",
                    help="With yes, addresses that are not public may be called, with plain http too.",
                ),
            ),
            authorize=_authorize,
            learn=_learn,
        ),
    ),
    probe=lambda method, settings: Request(path=f"{settings.get('api', '')}/models"),
    discover=_discover,
    streams=STREAMS,
    # These servers queue rather than refuse, and work for others meanwhile.
    rate_limit=RateLimit(concurrency=2),
    errors=(
        *(
            ErrorRule(
                disposition=Disposition.QUOTA_EXHAUSTED, status=(400, 429), path=path, contains=words, advice=_BUDGET
            )
            for path, words in (
                ("error/type", "budget_exceeded"),
                ("error/code", "budget_exceeded"),
                ("error/message", "budget has been exceeded"),
            )
        ),
        ErrorRule(
            disposition=Disposition.QUOTA_EXHAUSTED,
            status=402,
            advice="The balance at the server's operator is used up: top it up there.",
        ),
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED,
            status=401,
            advice="The server wants another key. Connect again: integrations connect {platform} --name {name}",
        ),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=403,
            advice="The key may not do this: ask whoever runs the server for one that may.",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=404,
            advice="Either the address has another path (with /v1, or without), or the server does not have the model.",
        ),
        *(
            ErrorRule(disposition=disposition, status=200, path=path, equals=code)
            for disposition, codes in (
                (Disposition.RATE_LIMITED, (429,)),
                (Disposition.RETRY, (500, 502, 503, 504)),
                (Disposition.CREDENTIAL_REJECTED, (401,)),
            )
            for code in codes
            for path in ("error/code", "code")
        ),
        ErrorRule(disposition=Disposition.FAIL, status=200, path="error"),
        ErrorRule(disposition=Disposition.FAIL, status=200, path="object", equals="error"),
    ),
    version=VERSION,
    unverified=(
        "That a key is asked for by the list of models: where it is open, a wrong key shows only when a model is used.",
        "What LiteLLM tells of spending, and its words for a used-up budget: servers without it have no rows.",
        "The metrics of vLLM and llama.cpp, and the slots of llama.cpp: servers without them have no rows.",
        "No server publishes limits; at most two calls are in flight.",
    ),
    docs="https://platform.openai.com/docs/api-reference/models/list",
)
