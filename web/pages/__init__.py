"""The pages for people: assembled into one Flask application, each room with its own blueprint."""

from flask import Flask, Response, request
from structlog.contextvars import bind_contextvars

from web.errors import answer_in_json
from web.pages.front import front
from web.wiring import Wiring

SECURITY = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def pages_of(wiring: Wiring) -> Flask:
    """All pages on one open book."""
    app = Flask("web")
    app.extensions["choso"] = wiring
    app.register_blueprint(front)
    answer_in_json(app)
    app.before_request(_name_request)
    app.after_request(_secure)
    return app


def _name_request() -> None:
    """The log speaks of a page by its rule, never by its address, and with the request's id."""
    notes = _notes()
    notes["route"] = str(request.url_rule) if request.url_rule else "page"
    bind_contextvars(request_id=notes.get("request_id", ""))


def _notes() -> dict[str, str]:
    scope = request.environ.get("asgi.scope", {})
    notes: dict[str, str] = scope.get("choso", {})
    return notes


def _secure(response: Response) -> Response:
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    return response
