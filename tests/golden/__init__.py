"""What was once stored is read for ever."""
