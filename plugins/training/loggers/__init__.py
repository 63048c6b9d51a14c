"""Loggers: callbacks that write a run's numbers and pictures to other tools."""

from gan_run import Component, hookimpl
from gan_run.plugins.training.loggers.mlflow import MLflow
from gan_run.plugins.training.loggers.tensorboard import TensorBoard
from gan_run.plugins.training.loggers.wandb import Wandb


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [MLflow, TensorBoard, Wandb]
