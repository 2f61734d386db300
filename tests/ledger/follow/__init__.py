"""Tests of the followers: what they make of the book, and what cannot make them miss anything."""
