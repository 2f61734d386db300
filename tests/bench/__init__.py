"""Benchmarks run and print what they promise; how fast is not tested here."""
