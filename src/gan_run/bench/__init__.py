"""How fast a spec trains here, and beside a loop written by hand."""
