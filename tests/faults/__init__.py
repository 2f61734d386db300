"""Tests that break things on purpose: connections, disks, whole processes."""
