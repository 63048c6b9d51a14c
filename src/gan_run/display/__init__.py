"""What training shows: lines, a live bar on a terminal or in a notebook, tables of numbers."""
