"""Plugins that bring generators, trunks and heads."""
