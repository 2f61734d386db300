"""Adapters to the outside, one folder a partner; only the wiring imports them."""
