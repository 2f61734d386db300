"""The book: what was paid, to whom, and whether the bank agrees. Knows no market, product or web page."""
