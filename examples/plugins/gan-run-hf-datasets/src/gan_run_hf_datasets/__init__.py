"""Hugging Face datasets as a data source: https://huggingface.co/docs/datasets."""

from gan_run import Component, hookimpl
from gan_run_hf_datasets.source import HfDatasets

__all__ = ["HfDatasets", "gan_run_components"]


@hookimpl
def gan_run_components() -> list[type[Component]]:
    """The components of this plugin."""
    return [HfDatasets]
