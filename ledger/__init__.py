"""The book: what was paid, to whom, and whether the bank agrees. Knows no market or web page."""
