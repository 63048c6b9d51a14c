"""Trained models on the Hugging Face hub: publishing a run, and getting one."""
