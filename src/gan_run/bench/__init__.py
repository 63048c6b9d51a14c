"""How fast a spec trains on this machine, by itself and beside a plain training loop."""
