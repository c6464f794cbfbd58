"""Units that choose: between sums and products (DMU), and which inputs to compare (NSR)."""
