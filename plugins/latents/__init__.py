"""Plugins that bring latents."""
