"""The components that come with gan-run, one folder per plugin. Each uses the public API alone, like any other."""
