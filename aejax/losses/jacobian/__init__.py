"""The Jacobian's Frobenius norm: exact methods, their costs, and the terms made of them."""
