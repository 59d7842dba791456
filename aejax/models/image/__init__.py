"""Convolutional autoencoders, context encoders and masked autoencoders."""
