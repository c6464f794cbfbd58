"""Image networks: from pictures of digits to labels."""
