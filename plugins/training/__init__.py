"""Plugins that bring optimisers, schedules and augmentations."""
