"""Installed plugins: hooks, discovery, the catalogue of components, and reading specs with them."""
