"""The door, as a bank and as an attacker meet it: a real server on a free port of this machine."""
