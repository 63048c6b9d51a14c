"""A working component of each kind, called `Mine`; a new project gets it under the plugin's name."""
