"""Where the workers of one server keep their counts: a temporary folder that they all know."""

import os
import tempfile

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def share_counts() -> str:
    """A fresh folder. Called before prometheus-client is imported: it looks once, at its import."""
    folder = tempfile.mkdtemp(prefix="choso-counts-")
    os.environ[FOLDER] = folder
    return folder
