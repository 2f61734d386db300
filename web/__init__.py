"""The edge: the command line, the door for bank notices, and the pages for people."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from web.wiring import Wiring


def create_app(wiring: "Wiring") -> "Flask":
    """The pages, as a Flask application on an open book."""
    from web.pages import pages_of  # Only here: most commands need no web library.

    return pages_of(wiring)
