"""Likelihoods p(x | decoder output): of pixels and of tokens."""
