"""Where goods and people meet money: places, stalls, vendors and the notices of their banks."""
