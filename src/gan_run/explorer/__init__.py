"""`gan-run explore`: a page on which the codes of a model are turned; the model runs in the browser."""
