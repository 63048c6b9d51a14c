"""Images and what is known of them: sets, batches, stores, the cache of decoded files."""
