"""What a user calls: train, apply, keep and export a model on arrays of their own."""
