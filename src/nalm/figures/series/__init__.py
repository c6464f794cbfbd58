"""Which series a figure has: how they are called, in which order and panel they stand, what their points are."""
