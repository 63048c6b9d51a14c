"""A small trained run that the package contains, for `gan-run demo`."""
