"""Tests of the adapters: published samples, hostile bytes, and a bank that does not exist."""
