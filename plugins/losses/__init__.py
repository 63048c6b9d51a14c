"""Plugins that bring losses."""
