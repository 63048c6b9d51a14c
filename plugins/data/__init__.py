"""Plugins that bring data sources."""
