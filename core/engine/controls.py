"""The numbers that control a step and are logged beside its losses."""

from gan_run.core.base.errors import Place, show_place
from gan_run.core.engine.training import Training
from gan_run.core.kinds.augmentation import AugmentationModule
from gan_run.core.kinds.component import numbered_by_type
from gan_run.core.kinds.schedule import Progress, Schedule


def read_controls(training: Training) -> dict[str, float]:
    """What controlled the last step, by name, in alphabetical order.

    Returns:
        `PLAYER/lr`, the learning rate of each player; each other schedule by its place in the spec, such as
        `losses[1].weight`; `discriminator/augment/AUGMENTATION/REPORT`, what each augmentation reports. Waits for the
        device where one reports something.
    """
    return dict(sorted({**_rates(training), **_schedules(training), **_augmentations(training)}.items()))


def _rates(training: Training) -> dict[str, float]:
    optimizers = training.spec.optimizers
    return {f"{player.name}/lr": _at_last_step(optimizers[player.name].lr, training) for player in training.players}


def _schedules(training: Training) -> dict[str, float]:
    """The value of every schedule but those of learning rates; a schedule within another counts with that one."""
    values: dict[Place, float] = {}
    for place, schedule in training.spec.find_all(Schedule):
        within = any(place[:end] in values for end in range(len(place)))
        if not within and (place[0], place[2:]) != ("optimizers", ("lr",)):
            values[place] = _at_last_step(schedule, training)
    return {show_place(place): value for place, value in values.items()}


def _augmentations(training: Training) -> dict[str, float]:
    keys = numbered_by_type(training.spec.discriminator.augment)
    reports: dict[str, float] = {}
    for key, module in zip(keys, training.game.discriminator.augment.parts, strict=True):
        assert isinstance(module, AugmentationModule)
        reports |= {f"discriminator/augment/{key}/{name}": float(value) for name, value in module.reports().items()}
    return reports


def _at_last_step(scheduled: float | Schedule, training: Training) -> float:
    return Progress(training.step - 1, training.spec.train.steps).value(scheduled)
