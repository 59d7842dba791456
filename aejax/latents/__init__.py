"""Latent spaces: how the output of an encoder becomes a code, and the priors of codes."""
