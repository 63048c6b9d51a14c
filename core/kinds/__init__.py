"""What a plugin subclasses or is handed, and the spec that is made of it."""
