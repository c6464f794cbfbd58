"""The compiler: from a step's graph to C++ that trains one run after the other."""
