"""Variational autoencoders with a standard normal prior, and their bounds."""
