"""Deep autoencoders with layer-wise pre-training."""
