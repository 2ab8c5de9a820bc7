"""The page on which a person lets an app in, as plain HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from sandbox.platform import Reply, text_reply

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:10vh auto;padding:0 1rem;color:#1c1c1e}"
    "h1{font-size:1.4rem}code{background:#f2f2f4;padding:.1rem .3rem;border-radius:4px}"
    "button{font:inherit;padding:.5rem 1.4rem;border-radius:6px;border:1px solid #888;margin-right:.6rem}"
    "button[value=approve]{background:#1c1c1e;color:#fff}small{color:#666}"
)


def consent_page(title: str, client_id: str, scopes: Sequence[str], parameters: Sequence[tuple[str, str]]) -> Reply:
    """Approve and Deny ask the same address again, with the decision added."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in parameters
    )
    wishes = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in scopes) or "<li>its usual access</li>"
    return _page(
        f"{title}: let an app in?",
        f"<p>The app <code>{escape(client_id)}</code> asks for</p><ul>{wishes}</ul>"
        f'<form method="get">{hidden}<button name="decision" value="approve">Approve</button>'
        f'<button name="decision" value="deny">Deny</button></form>',
        200,
    )


def refusal_page(title: str, reason: str) -> Reply:
    """Shown in place of a redirect where the app or its address cannot be trusted (RFC 6749, 4.1.2.1)."""
    return _page(f"{title}: this cannot work", f"<p>{escape(reason)}</p>", 400)


def _page(heading: str, content: str, status: int) -> Reply:
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(heading)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(heading)}</h1>{content}"
        "<p><small>This is a simulation on your own machine; the real platform is not involved.</small></p></html>"
    )
    return text_reply(text, status=status, kind="text/html; charset=utf-8")
