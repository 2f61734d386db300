"""Followers: they carry every event of the book on to projections, which can always be rebuilt."""
