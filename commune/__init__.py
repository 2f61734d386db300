"""What the commune reads of the facts below it: service, security, indicators."""
