"""What several units are made of."""
