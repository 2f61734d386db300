"""How a page says no: a status, and `{error, message}` in JSON, the shape of the whole house."""

from http import HTTPStatus

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from web.door.log import log, what, where

MESSAGES = {
    400: "The request cannot be understood.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The body is too large.",
    415: "This kind of content is not taken here.",
    500: "Something went wrong here; it has been written down.",
}


def answer_in_json(app: Flask) -> None:
    """From now on every error of the application is answered in that shape."""
    app.register_error_handler(HTTPException, _known)
    app.register_error_handler(Exception, _defect)


def _known(error: HTTPException) -> Response:
    status = error.code or 500
    response = _response(status)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _defect(error: Exception) -> Response:
    log.error("defect", error=what(error), where=where(error))
    return _response(500)


def _response(status: int) -> Response:
    """The code is the status's own name: `not_found`, `method_not_allowed`, ..."""
    phrase = HTTPStatus(status).phrase
    code = "defect" if status == 500 else phrase.lower().replace(" ", "_").replace("-", "_")
    response = jsonify(error=code, message=MESSAGES.get(status, f"{phrase}."))
    response.status_code = status
    return response
