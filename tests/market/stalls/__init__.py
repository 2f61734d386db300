"""Tests of the stalls: their codes, their banks, whose money it is."""
