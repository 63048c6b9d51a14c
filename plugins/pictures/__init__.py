"""Artifact plugins: a folder for each."""
