"""Data-source plugins: a folder for each."""
