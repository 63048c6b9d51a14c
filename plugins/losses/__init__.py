"""Loss plugins: a folder for each."""
