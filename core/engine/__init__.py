"""One training step: game, players, updates, the average, compilation."""
