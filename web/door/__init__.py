"""The door: bank notices come in over HTTP and are answered once written; nothing floods it.

`door.py` is the way of a request, `hooks.py` the way of a notice, `limits.py` has the caps.
"""
