"""The edge: the command line now, pages and the JSON API to come."""
