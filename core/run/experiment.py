"""From a spec to a finished run folder: which folder, from which step, until when."""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from gan_run.core.base.distributed import World, current_world
from gan_run.core.base.errors import Problem, RunError, SpecError, TrainingError, show_place
from gan_run.core.base.files import hash_file
from gan_run.core.base.memory import enough_memory
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.engine.training import Training
from gan_run.core.images.fingerprint import fingerprint
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.duration import seconds_of
from gan_run.core.kinds.events import RunEnded, RunStarted
from gan_run.core.kinds.schedule import Schedule
from gan_run.core.kinds.spec import Spec, dump
from gan_run.core.run import data_description
from gan_run.core.run.claiming import claimed, find_run
from gan_run.core.run.comparison_note import ComparisonNote
from gan_run.core.run.dispatcher import RunEvents
from gan_run.core.run.enough_memory import check_memory
from gan_run.core.run.environment import describe_environment
from gan_run.core.run.init_from import initialise
from gan_run.core.run.loop import Limits, restore, save, train, train_along
from gan_run.core.run.options import RunOptions
from gan_run.core.run.records import record
from gan_run.core.run.resolve import (
    RESOLVED_FIELDS,
    check_against_data,
    resolve_device,
    resolve_precision,
    unavailable,
    with_train,
)
from gan_run.core.run.rollback import go_back, rollbacks_of
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.same_run import decisive_components, differences
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
    return folder if _is_finished(folder, request.spec, request.options.recorded_spec(folder)) else None


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
        if _is_finished(folder, request.spec, recorded):
            _check_last_checkpoint(folder)
            options.notify(NOTHING_TO_DO.format(folder.path))
            world.broadcast({"folder": str(folder.path), "train": None})
            return
        _check_plugin_files(request, folder)
        _notify_differences(request, folder, recorded)
    if not options.any_processes:
        _check_process_count(folder, world)
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
            _write_metadata(training, folder, request, data.training_images, ancestry)
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


def _check_process_count(folder: RunFolder, world: World) -> None:
    before = folder.processes()
    if before not in (None, world.count):
        raise RunError(
            f"{folder.path}: {before} processes trained this run so far, and now it would be {world.count}, which "
            "changes its numbers from here on; --any-processes resumes it nevertheless"
        )


def _check_plugin_files(request: TrainRequest, folder: RunFolder) -> None:
    """Refuse a changed plugin file that decided a checkpoint's weights; say which others changed or are missing."""
    options, plugins = request.options, request.options.plugins()
    decisive = plugins.files_of(decisive_components(request.spec)) if folder.latest() else ()
    for file in folder.changed_plugins(plugins.files):
        changed = f"{file} is not what it was when this run began"
        if file in decisive:
            raise RunError(f"{changed}: give {folder.plugins / file.name}, or --fresh starts anew")
        options.notify(f"{changed}; the run continues with it, since it has decided no weights")
    given = {file.name for file in plugins.files}
    for kept in folder.plugin_files():
        if kept.name not in given:
            options.notify(f"this run was trained with --plugin {kept} so far, and continues without it")


def _notify_differences(request: TrainRequest, folder: RunFolder, recorded: Spec) -> None:
    """Say what is not as it was when the run was last trained."""
    spec, notify = request.spec, request.options.notify
    if free := differences(recorded, spec).free:
        notify(f"{folder.path}: not as when it was last trained, without effect on the weights: {', '.join(free)}")
    if spec.train.steps != recorded.train.steps and any(True for _ in spec.find_all(Schedule)):
        notify(
            f"train.steps is {spec.train.steps} and was {recorded.train.steps}: schedules that run to the last step "
            "follow the new number from here on"
        )


def _is_finished(folder: RunFolder, spec: Spec, recorded: Spec) -> bool:
    """Whether the last step was taken, or a callback ended the run, and it was evaluated as this spec asks for."""
    if (spec.metrics, spec.artifacts) != (recorded.metrics, recorded.artifacts) or folder.failed():
        return False
    same_end = (spec.train.steps, spec.callbacks) == (recorded.train.steps, recorded.callbacks)
    return folder.evaluated_at() == spec.train.steps or (folder.ended_early() and same_end)


def _check_last_checkpoint(folder: RunFolder) -> None:
    """Refuse a finished run whose last checkpoint is gone. Raises RunError."""
    step, latest = folder.evaluated_at(), folder.latest()
    if step is not None and (latest is None or latest.step < step):
        raise RunError(
            f"{folder.path} was finished after step {step}, and its checkpoint of that step is missing: put it back, "
            "or start the run again by --fresh"
        )


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


def _write_metadata(
    training: Training,
    folder: RunFolder,
    request: TrainRequest,
    images: ImageSet | None,
    ancestry: Mapping[str, object] | None,
) -> None:
    """Write environment.json, data.json, spec.json and copies of plugin files."""
    spec, plugins = training.spec, request.options.plugins()
    data = data_description.dump(training.info, None if images is None else fingerprint(images))
    folder.check_data(data)
    folder.warn_of_lost_lines()
    folder.cut_logs(training.step)
    folder.keep_plugins(plugins.files)
    stretch: dict[str, object] = {"from_step": training.step, "seed": spec.seed, "processes": training.world.count}
    if training.step == 0 and (weights := _hashes(spec)):
        stretch["weights"] = weights
    if ancestry is not None:
        stretch["init_from"] = ancestry
    environment = describe_environment(spec.train.device, plugins.versions(), request.spec_file)
    # Before the files whose digests it has: whatever is interrupted, they are as one of the stretches says.
    folder.add_environment({**stretch, **environment, "files": record(spec, data)})
    folder.write_data(data)
    folder.write_spec(dump(spec))


def _hashes(spec: Spec) -> dict[str, str]:
    """The SHA-256 of each file of weights, by its place in the spec."""
    return {
        show_place((*place, field)): hash_file(path)
        for place, component in spec.components()
        for field, path in component.files().items()
    }


def _train_with_events(training: Training, folder: RunFolder, data: Splits, events: RunEvents, limits: Limits) -> None:
    try:
        events.send(RunStarted(**events.now(), spec=training.spec))
        train(training, folder, data, events, limits)
    except BaseException as error:
        events.send(RunEnded(**events.now(), error=error))
        raise
    events.send(RunEnded(**events.now(), error=None))
