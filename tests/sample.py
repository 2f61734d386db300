"""How much of an endless space a run looks at: a seeded sample, and far more in `make soak`."""

import os

SOAK = os.environ.get("CHOSO_SOAK") == "1"
SEED = int(os.environ.get("CHOSO_SEED", "7"))


def sample(suite: int, soak: int) -> int:
    """How many cases to run: `@settings(max_examples=sample(500, soak=10_000))`."""
    return soak if SOAK else suite
