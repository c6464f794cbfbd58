"""Layouts that kinds of figures share: the record of each, and the function that draws it."""
