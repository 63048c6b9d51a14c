"""What the rest stands on, without an idea of GANs: errors, files, randomness, processes, devices."""
