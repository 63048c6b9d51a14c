"""What runs have found: one run's results, several runs side by side, learning curves."""
