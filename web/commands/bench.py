"""`choso bench`: our figures beside others', in one run."""

import click


@click.group()
def bench() -> None:
    """Benchmarks."""
