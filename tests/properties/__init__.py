"""Tests over whole spaces of input: a rule that holds for every example that can be drawn."""
