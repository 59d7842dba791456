"""Denoising and contractive autoencoders."""
