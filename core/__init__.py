"""The interfaces, the spec and the engine. Nothing in here knows a concrete component."""
