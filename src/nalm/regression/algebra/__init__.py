"""Formulas: their numbers, their values and derivatives, and how they are written."""
