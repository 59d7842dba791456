"""What is done with a function's trace (jaxpr): reuse it, round its products, count its cost."""
