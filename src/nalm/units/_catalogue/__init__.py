"""The table of units, and how a name becomes a class."""
