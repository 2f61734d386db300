"""Published samples to conform to, kept outside the project: CHOSO_VECTORS names their folder."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent


def webhook_vectors(scheme: str) -> Any:
    """The samples of one scheme in `webhook_vectors.json`; skips the test when there are none."""
    folder = Path(os.environ.get("CHOSO_VECTORS", ROOT / "../shared/data"))
    file = folder / "webhook_vectors.json"
    if not file.is_file():
        pytest.skip(f"conformance vectors not run: no {file.name} in CHOSO_VECTORS ({folder})")
    return json.loads(file.read_text(encoding="utf-8"))[scheme]


def compact(told: object) -> bytes:
    """JSON bytes without white space, letters as they are."""
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
