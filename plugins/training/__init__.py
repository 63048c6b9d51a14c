"""Plugins of optimisers, schedules and augmentations: a folder for each."""
