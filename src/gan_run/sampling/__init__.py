"""Generated datasets: which images are drawn, and the files that they are written to."""
