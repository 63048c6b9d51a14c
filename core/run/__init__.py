"""From a spec to a finished run folder: the loop, checkpoints, events, evaluation."""
