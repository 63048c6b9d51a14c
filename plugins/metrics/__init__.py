"""Plugins that bring metrics."""
