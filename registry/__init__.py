"""What is installed: hooks, plugin discovery, the catalogue of components, and specs read against it."""
