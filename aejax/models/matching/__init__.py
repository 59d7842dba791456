"""Codes matched to a prior or disentangled by a discrepancy or a discriminator."""
