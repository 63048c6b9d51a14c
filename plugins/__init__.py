"""Everything concrete, one folder per plugin. Each uses the public API alone, as a third party must."""
