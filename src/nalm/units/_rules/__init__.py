"""How the weights of a unit follow from its parameters, by name."""
