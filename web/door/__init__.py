"""The door: bank notices come in over HTTP, are answered once they are written, and nothing floods it.

Read `door.py` for the way of a request, `hooks.py` for the way of a notice, `limits.py` for the caps.
"""
