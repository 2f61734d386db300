"""What stands around the door: the follower's process, and a server of one's own."""
