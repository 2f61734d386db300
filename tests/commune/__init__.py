"""Tests of what the commune reads."""
