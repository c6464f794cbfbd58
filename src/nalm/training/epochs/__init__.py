"""One large run at a time: the loop over epochs, its checkpoint, its records."""
