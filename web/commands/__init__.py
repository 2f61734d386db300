"""The verbs of `choso`, one file a group."""
