"""Many small runs trained at once: batches, their data, the loop over blocks of steps, records."""
