"""Metric plugins: a folder for each."""
