"""Benchmarks: our own way of doing a thing beside others' ways, on one machine and in one run."""
