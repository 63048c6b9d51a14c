"""Sweeps: runs of one spec with every combination of some fields' values, or with values that a search chooses."""
