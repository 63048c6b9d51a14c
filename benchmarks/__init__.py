"""Scripts behind the numbers of the manual, each of which explains itself with --help."""
