"""Plugins that bring artifacts: pictures of a model."""
