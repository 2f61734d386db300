"""The commune's figures, each traceable to the events it is made of."""
