"""Ready-to-run specs; `gan-run init` lists them."""
