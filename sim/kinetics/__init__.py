"""Rate laws: plain formulas of floats, one room per mechanism. Units SI, rates per bulk volume."""
