"""Recurrent cells that are no unit applied to input and state."""
