"""Writes a plugin's project: what `gan-run new-plugin` starts from."""
