"""One working component of each kind, called `Mine`: new projects get them under a name of their own."""
