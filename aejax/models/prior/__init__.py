"""Variational autoencoders with other priors and posteriors."""
