"""One command that serves it all: workers at the door, and a follower beside them."""
