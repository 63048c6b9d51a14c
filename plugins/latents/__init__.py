"""Latent plugins: a folder for each."""
