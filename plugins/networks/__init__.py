"""Network plugins (generators, trunks, heads): a folder for each."""
