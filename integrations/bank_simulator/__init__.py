"""A bank that does not exist: it speaks and signs like the real ones, and plays their tricks."""
