"""From a spec to a finished run folder: which folder, from which step, and until when."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gan_run.core.base.distributed import World, current_world
from gan_run.core.base.errors import Problem, RunError, SpecError
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.engine.state import load_matching
from gan_run.core.engine.training import Training
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.spec import Spec
from gan_run.core.run import checkpoint
from gan_run.core.run.environment import describe_environment
from gan_run.core.run.events import Listener, RunEnded, RunStarted
from gan_run.core.run.loop import restore, train, train_along
from gan_run.core.run.resolve import check_against_data, resolve_device, resolve_precision, with_train
from gan_run.core.run.run_folder import RunFolder

RESOLVED_FIELDS = ("device", "precision")


@dataclass(frozen=True)
class TrainRequest:
    """What is to be run, and where. `say` is told, in a line each, what the user should know before training."""

    spec: Spec
    out: Path
    say: Callable[[str], None]
    listener: Listener
    stop: Callable[[], bool]
    plugins: Mapping[str, str]
    """Version by distribution of what is installed."""
    spec_file: Path | None = None
    fresh: bool = False
    plugin_files: tuple[Path, ...] = ()
    """Of plugins that are not installed: the run keeps copies."""
    any_processes: bool = False
    """Whether to go on with a run that was begun by another number of processes."""


def dump(spec: Spec) -> dict[str, object]:
    """A spec as JSON, every default written out."""
    # A type qualified by its distribution ("acme:hinge") is no value of its class's literal: it need not warn.
    return spec.model_dump(mode="json", by_alias=True, exclude={"schema_"}, warnings=False)


def run(request: TrainRequest) -> RunFolder:
    """Train what was asked for, or go on with it where it was left. Returns its folder; raises as `train` does."""
    return _together(request, lambda: _choose_folder(request))


def resume_run(request: TrainRequest, folder: RunFolder) -> RunFolder:
    """Train in `folder`, from its last checkpoint if it has one, until the spec's last step."""
    return _together(request, lambda: folder)


def _together(request: TrainRequest, choose: Callable[[], RunFolder]) -> RunFolder:
    """The first of the processes chooses a folder, trains in it and speaks; the others train along."""
    processes = current_world()
    with isolated_rng("run"):
        folder = _lead(request, choose, processes) if processes.is_main else _train_along(request, processes)
    processes.broadcast("evaluated")  # nobody goes on before the run is finished
    return folder


def _lead(request: TrainRequest, choose: Callable[[], RunFolder], processes: World) -> RunFolder:
    info = check_against_data(request.spec)
    _refuse_what_cannot_be_shared(request.spec, processes)
    folder = choose()
    if folder.evaluated_at() == request.spec.train.steps:
        request.say(f"{folder.path} is finished: nothing to do (--fresh starts it again)")
        processes.broadcast({"folder": str(folder.path), "train": None})
        return folder
    if not request.any_processes:
        _refuse_other_processes(folder, processes)
    data = Splits(request.spec.data)
    spec = _resolve_auto(request.spec, folder, info, data)
    with folder.locked():
        settled = {key: getattr(spec.train, key) for key in RESOLVED_FIELDS}
        processes.broadcast({"folder": str(folder.path), "train": settled})
        training = Training(spec, info, data["train"], processes)
        _restore(training, folder, request.say)
        _write_metadata(training, folder, request)
        _train_and_tell(training, folder, data, request)
    return folder


def _train_along(request: TrainRequest, processes: World) -> RunFolder:
    told = processes.broadcast()
    assert isinstance(told, dict)
    folder = RunFolder(Path(told["folder"]))
    if told["train"] is not None:
        spec = with_train(request.spec, **told["train"])
        training = Training(spec, check_against_data(spec), Splits(spec.data)["train"], processes)
        _restore(training, folder, lambda text: None)
        train_along(training, request.stop)
    return folder


def _refuse_what_cannot_be_shared(spec: Spec, processes: World) -> None:
    size, count = spec.train.batch_size, processes.count
    problems = []
    if size % count:
        problems.append(Problem(("train", "batch_size"), f"{count} processes cannot share {size} images equally"))
    if count > 1 and spec.train.sync_batch_norm and resolve_device(spec).train.device == "cpu":
        problems.append(Problem(("train", "sync_batch_norm"), "torch synchronises batch norm on GPUs alone"))
    if problems:
        raise SpecError(problems, spec.name)


def _refuse_other_processes(folder: RunFolder, processes: World) -> None:
    before = folder.processes()
    if before not in (None, processes.count):
        raise RunError(
            f"{folder.path}: {before} processes trained this run so far, and now it would be {processes.count}: "
            "from here on its numbers would be others; --any-processes goes on all the same"
        )


def _resolve_auto(spec: Spec, folder: RunFolder, info: DataInfo, data: Splits) -> Spec:
    """`spec` with nothing left to `auto`: as it was settled when the run began, or else now."""
    if not folder.spec_file.exists():
        return resolve_precision(resolve_device(spec), info, data["train"])
    settled = folder.spec()["train"]
    assert isinstance(settled, dict)
    return resolve_device(with_train(spec, **{key: settled[key] for key in RESOLVED_FIELDS}))


def _restore(training: Training, folder: RunFolder, say: Callable[[str], None]) -> None:
    """Bring `training` to where the run in `folder` was left."""
    latest = folder.latest()
    if latest is not None:
        restore(training, latest)
        say(f"resuming {folder.path} after step {latest.step}")
    elif training.spec.train.init_from is not None:
        _initialise(training, training.spec.train.init_from, say)


def _write_metadata(training: Training, folder: RunFolder, request: TrainRequest) -> None:
    """Write down what is being trained, on what and with what."""
    spec = training.spec
    folder.cut_metrics(training.step)
    folder.keep_plugins(request.plugin_files)
    folder.write_data_info(training.info)
    folder.write_spec(dump(spec))
    stretch = {"from_step": training.step, "seed": spec.seed, "processes": training.processes.count}
    environment = describe_environment(spec.train.device, request.plugins, request.spec_file)
    folder.add_environment({**stretch, **environment})


def _train_and_tell(training: Training, folder: RunFolder, data: Splits, request: TrainRequest) -> None:
    request.listener.run_started(RunStarted(folder.path, training.spec, training.step))
    try:
        train(training, folder, data, request.listener, request.stop)
    except BaseException as error:
        request.listener.run_ended(RunEnded(folder.path, training.step, error))
        raise
    request.listener.run_ended(RunEnded(folder.path, training.step, None))


def _choose_folder(request: TrainRequest) -> RunFolder:
    """NAME, or NAME-2, NAME-3, … where those before hold runs of other specs."""
    spec = request.spec
    first = RunFolder(request.out / spec.name)
    if request.fresh and first.path.is_dir():
        with first.locked():
            moved = _move_aside(first.path)
        request.say(f"moved the old run to {moved}")
    number = 1
    while True:
        folder = first if number == 1 else RunFolder(request.out / f"{spec.name}-{number}")
        if folder.is_free() or same_run(spec, folder):
            break
        number += 1
    if number > 1:
        request.say(f"{first.path} holds a run of another spec: this one goes to {folder.path}")
    return folder


def same_run(spec: Spec, folder: RunFolder) -> bool:
    """Whether `folder` holds a run of `spec`, which may leave to `auto` what was settled when that run began."""
    if not folder.spec_file.exists():
        return False
    written = folder.spec()
    asked = dump(spec)
    asked_train, written_train = asked.pop("train"), written.pop("train", None)
    if not isinstance(asked_train, dict) or not isinstance(written_train, dict):
        return False
    open_fields = {key for key in RESOLVED_FIELDS if asked_train[key] == "auto"}
    return asked == written and all(
        asked_train[key] == written_train.get(key) for key in asked_train if key not in open_fields
    )


def _move_aside(path: Path) -> Path:
    number = 1
    while (target := path.with_name(f"{path.name}.old-{number}")).exists():
        number += 1
    return Path(shutil.move(path, target))


def _initialise(training: Training, source: Path, say: Callable[[str], None]) -> None:
    latest = RunFolder(source).latest()
    if latest is None:
        raise RunError(f"train.init_from: {source} holds no checkpoint")
    tensors, _ = checkpoint.load(latest)
    kept = load_matching(tensors, training.game)
    if training.ema is not None:
        training.ema.update(training.game.stack, 0)
    say(f"weights from {latest.folder}; left as initialised: {', '.join(kept) or 'none'}")
