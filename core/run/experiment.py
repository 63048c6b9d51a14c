"""From a spec to a finished run folder: which folder, from which step, until when."""

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from gan_run.core.base.distributed import World, current_world
from gan_run.core.base.errors import Problem, SpecError, TrainingError
from gan_run.core.base.memory import enough_memory
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.engine.training import Training
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.duration import seconds_of
from gan_run.core.kinds.events import RunEnded, RunStarted
from gan_run.core.kinds.spec import Spec, dump
from gan_run.core.run.claiming import claimed, find_run
from gan_run.core.run.comparison_note import ComparisonNote
from gan_run.core.run.dispatcher import RunEvents
from gan_run.core.run.enough_memory import check_memory
from gan_run.core.run.init_from import initialise
from gan_run.core.run.loop import Limits, restore, save, train, train_along
from gan_run.core.run.metadata import write_metadata
from gan_run.core.run.options import RunOptions
from gan_run.core.run.resolve import (
    RESOLVED_FIELDS,
    check_against_data,
    resolve_device,
    resolve_precision,
    unavailable,
    with_train,
)
from gan_run.core.run.resuming import (
    check_last_checkpoint,
    check_plugin_files,
    check_process_count,
    is_finished,
    notify_differences,
)
from gan_run.core.run.rollback import go_back, rollbacks_of
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.time_limit import TimeLimit

NOTHING_TO_DO = "{} is finished: nothing to do (--fresh starts it again)"


@dataclass(frozen=True)
class TrainRequest:
    """A spec, and how it is to be trained.

    Attributes:
        spec: The spec as asked for, possibly with `auto`.
        options: With its registry filled in.
        spec_file: The file that the spec was read from, whose commit is recorded.
    """

    spec: Spec
    options: RunOptions
    spec_file: Path | None = None


def run(request: TrainRequest, out: Path) -> RunFolder:
    """Train in a folder under `out`, or resume the run of this spec that is there. Raises as `gan_run.train` does."""
    return _on_all_ranks(request, claimed(request.spec, request.options, out))


def resume_run(request: TrainRequest, folder: RunFolder) -> RunFolder:
    """Train in `folder`, from its last checkpoint if it has one, until the spec's last step."""
    return _on_all_ranks(request, folder.locked(dump(request.spec)))


def find_finished(request: TrainRequest, out: Path) -> RunFolder | None:
    """The run of this spec under `out` for which nothing is left to do, if there is one. Raises RunError."""
    folder = find_run(request.spec, request.options, out)
    if folder is None:
        return None
    return folder if is_finished(folder, request.spec, request.options.recorded_spec(folder)) else None


def _on_all_ranks(request: TrainRequest, claim: AbstractContextManager[RunFolder]) -> RunFolder:
    """The main process claims a folder, trains in it and reports; the other processes train along."""
    world = current_world()
    with isolated_rng("run"):
        if world.is_main:
            data = Splits(request.spec.data)
            info = check_against_data(request.spec, data)
            _check_distributed(request.spec, world)
            with claim as folder:
                _train_as_main(request, folder, info, data, world)
        else:
            folder = _train_along(request, world)
    world.broadcast("evaluated")  # no process returns before the run is finished
    return folder


def _train_as_main(request: TrainRequest, folder: RunFolder, info: DataInfo, data: Splits, world: World) -> None:
    options = request.options
    recorded = options.recorded_spec(folder) if folder.spec_file.exists() else None
    if recorded is not None:
        if is_finished(folder, request.spec, recorded):
            check_last_checkpoint(folder)
            options.notify(NOTHING_TO_DO.format(folder.path))
            world.broadcast({"folder": str(folder.path), "train": None})
            return
        check_plugin_files(request.spec, options, folder)
        notify_differences(request.spec, options, folder, recorded)
    if not options.any_processes:
        check_process_count(folder, world)
    check_memory(resolve_device(request.spec), info, world.count)
    with enough_memory("timing the precisions"):
        spec = _resolve_auto(request.spec, recorded, info, data)
    resolved = {field: getattr(spec.train, field) for field in RESOLVED_FIELDS}
    world.broadcast({"folder": str(folder.path), "train": resolved})
    rollbacks, goes_back = rollbacks_of(folder), False
    while True:
        try:
            _train_from_checkpoint(replace(request, spec=spec), folder, info, data, world, rollbacks, goes_back)
        except TrainingError as error:
            rollbacks, goes_back = rollbacks + 1, True
            options.notify(go_back(error, spec, folder, rollbacks))
        else:
            return


def _train_from_checkpoint(
    request: TrainRequest,
    folder: RunFolder,
    info: DataInfo,
    data: Splits,
    world: World,
    rollbacks: int,
    goes_back: bool,
) -> None:
    """Train from the last checkpoint, or from the beginning.

    Args:
        request: With a spec without `auto`.
        folder: The run folder.
        info: The description of the data.
        data: The splits.
        world: The processes that train together.
        rollbacks: How often the run has gone back to an earlier checkpoint.
        goes_back: Whether this process has just done so.

    Raises:
        TrainingError: A loss or a weight is not finite.
    """
    spec, options = request.spec, request.options
    callbacks, is_new = options.all_callbacks(spec), folder.latest() is None
    with enough_memory("building the networks"):
        building = Training(spec, info, data.training_images, world, rollbacks)
    with building as training:
        ancestry = _restore(training, folder, options)
        if not goes_back:
            write_metadata(training, folder, options.plugins(), request.spec_file, data.training_images, ancestry)
        if is_new and spec.train.on_nan == "rollback":
            save(training, folder)  # what the first steps go back to
        if training.step < spec.train.steps:
            training.inspect()
        callbacks = [*callbacks, ComparisonNote(training, options.notify)]
        limits = Limits(options.stop, options.signals, _time_limit(spec, options))
        _train_with_events(training, folder, data, RunEvents(callbacks, training, folder.path, options.name), limits)


def _time_limit(spec: Spec, options: RunOptions) -> TimeLimit:
    seconds = None if spec.train.for_ is None else seconds_of(spec.train.for_)
    return TimeLimit(seconds, time.monotonic() if options.begun is None else options.begun)


def _train_along(request: TrainRequest, world: World) -> RunFolder:
    message = world.broadcast()
    assert isinstance(message, dict)
    folder = RunFolder(Path(message["folder"]))
    if message["train"] is not None:
        spec = with_train(request.spec, **message["train"])
        data = Splits(spec.data)
        with Training(spec, check_against_data(spec, data), data.training_images, world) as training:
            _restore(training, folder, replace(request.options, notify=lambda text: None))
            if training.step < spec.train.steps:
                training.inspect()
            train_along(training, request.options.stop, request.options.signals)
    return folder


def _check_distributed(spec: Spec, world: World) -> None:
    """Refuse what several processes cannot do together."""
    size, count, device = spec.train.batch_size, world.count, spec.train.device
    problems = []
    if size % count:
        problems.append(Problem(("train", "batch_size"), f"{count} processes cannot share {size} images equally"))
    if count > 1 and spec.train.sync_batch_norm and resolve_device(spec).train.device == "cpu":
        problems.append(Problem(("train", "sync_batch_norm"), "torch synchronises batch norm on GPUs alone"))
    kind, _, index = device.partition(":")
    if count > 1 and index and kind != "cpu":
        message = f'{count} processes would share {device!r}: "{kind}" gives each process a device of its own'
        problems.append(Problem(("train", "device"), message))
    if count > 1 and spec.train.on_nan == "rollback":
        problems.append(Problem(("train", "on_nan"), "several processes cannot go back together yet: set it to stop"))
    if problems:
        raise SpecError(problems, spec.name)


def _resolve_auto(spec: Spec, recorded: Spec | None, info: DataInfo, data: Splits) -> Spec:
    """Replace each `auto`: by the value that a resumed run has, or by one that is determined now."""
    if recorded is None:
        return resolve_precision(resolve_device(spec), info, data.training_images)
    device = spec.train.device
    if device == "auto" and unavailable(recorded.train.device) is None:
        device = recorded.train.device
    return resolve_device(with_train(spec, device=device, precision=recorded.train.precision))


def _restore(training: Training, folder: RunFolder, options: RunOptions) -> dict[str, object] | None:
    """Load the last checkpoint of the run, or else pretrained weights and what `train.init_from` takes.

    Returns:
        The run that this one was begun from, if it was begun now.
    """
    latest = folder.latest()
    if latest is not None:
        restore(training, latest)
        options.notify(f"resuming {folder.path} after step {latest.step}")
        return None
    if next(folder.logged(), None) is not None:
        options.notify(f"{folder.path} has no checkpoint: training begins again at step 0")
    training.initialise()
    if (source := training.spec.train.init_from) is None:
        return None
    return initialise(training, source, options.recorded_spec, options.notify)


def _train_with_events(training: Training, folder: RunFolder, data: Splits, events: RunEvents, limits: Limits) -> None:
    try:
        events.send(RunStarted(**events.now(), spec=training.spec))
        train(training, folder, data, events, limits)
    except BaseException as error:
        events.send(RunEnded(**events.now(), error=error))
        raise
    events.send(RunEnded(**events.now(), error=None))
