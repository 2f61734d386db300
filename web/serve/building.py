"""Builds the door of one worker out of the settings."""

from datetime import UTC, datetime

import web.pages  # noqa: F401  (imported before the fork, so that all workers share it)
from web import create_app
from web.config import Settings
from web.door.door import Door
from web.door.health import nobody_follows
from web.door.limits import Limits
from web.wiring import DIALECTS, opened


def door_of(settings: Settings, limits: Limits) -> Door:
    """The ASGI application; it opens the book when its worker begins to serve."""
    return Door(
        lambda: opened(settings),
        DIALECTS,
        create_app,
        nobody_follows,
        limits,
        lambda: datetime.now(UTC),
    )
