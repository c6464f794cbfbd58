"""The search for formulas: what is solved, what is descended to, and how both become formulas with simple numbers."""
