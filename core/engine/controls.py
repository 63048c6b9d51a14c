"""The numbers that control a step and are logged beside its losses."""

from gan_run.core.engine.training import Training
from gan_run.core.kinds.augmentation import AugmentationModule
from gan_run.core.kinds.schedule import Progress, Schedule
from gan_run.core.kinds.spec import numbered_by_type


def read_controls(training: Training) -> dict[str, float]:
    """What controlled the last step, by name, in alphabetical order.

    Returns:
        `PLAYER/lr`, the learning rate of each player; `PLAYER/LOSS/weight` of each loss whose weight is a schedule;
        `discriminator/augment/AUGMENTATION/REPORT`, what each augmentation reports. Waits for the device where one
        reports something.
    """
    return dict(sorted({**_rates(training), **_weights(training), **_augmentations(training)}.items()))


def _rates(training: Training) -> dict[str, float]:
    optimizers = training.spec.optimizers
    return {f"{player.name}/lr": _at_last_step(optimizers[player.name].lr, training) for player in training.players}


def _weights(training: Training) -> dict[str, float]:
    return {
        f"{player.name}/{key}/weight": _at_last_step(loss.weight, training)
        for player in training.players
        for key, loss in training.spec.losses_by_key().items()
        if isinstance(loss.weight, Schedule) and training.game.term(key).has_objective_for(player.name)
    }


def _augmentations(training: Training) -> dict[str, float]:
    keys = numbered_by_type(training.spec.discriminator.augment)
    reports: dict[str, float] = {}
    for key, module in zip(keys, training.game.discriminator.augment.parts, strict=True):
        assert isinstance(module, AugmentationModule)
        reports |= {f"discriminator/augment/{key}/{name}": float(value) for name, value in module.reports().items()}
    return reports


def _at_last_step(scheduled: float | Schedule, training: Training) -> float:
    return Progress(training.step - 1, training.spec.train.steps).value(scheduled)
