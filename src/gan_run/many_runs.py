"""Several runs of one spec, each with changes of its own: one after another, or in parallel."""

import json
import time
import traceback
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from gan_run.core.base.distributed import current_world
from gan_run.core.base.errors import GanRunError, RunError
from gan_run.core.kinds.spec import Spec, dump
from gan_run.core.run.experiment import NOTHING_TO_DO, TrainRequest, find_finished
from gan_run.core.run.options import Plugins, RunOptions
from gan_run.core.run.stopping import Stopped
from gan_run.interruption import interruptible
from gan_run.parallel_runs import Outcome, ParallelRuns
from gan_run.report.callback import WriteReport
from gan_run.runs import SpecLike, read_spec, train


@dataclass(frozen=True)
class ManyRuns:
    """How several runs of a spec are trained.

    Attributes:
        spec: The spec, as for `read_spec`.
        out: The folder that holds the run folders.
        jobs: How many are trained at the same time: with 1 in this process, with more each in one of its own.
        options: With a registry. `components` need `jobs=1`.
    """

    spec: SpecLike
    out: Path
    jobs: int
    options: RunOptions

    def __post_init__(self) -> None:
        if self.options.components and self.jobs > 1:
            raise GanRunError("components: other processes cannot be given classes; use jobs=1")

    def read(self, overrides: Collection[str]) -> Spec:
        """The spec of a run. Raises SpecError."""
        return read_spec(self.spec, overrides, self.plugins)

    def train(self, changes: Mapping[str, Sequence[str]]) -> Outcome:
        """Train a run for each of several changes, but for those that are finished. One that fails does not end the
        others.

        Args:
            changes: Overrides, by what each run is called in messages.

        Raises:
            Stopped: `options.stop` returned True. The runs that were training have saved a checkpoint; those after them
                are not begun.
            KeyboardInterrupt: The same on Ctrl-C.
        """
        begun = time.monotonic() if self.options.begun is None else self.options.begun
        with interruptible(replace(self.options, begun=begun)) as options:
            return replace(self, options=options)._train(changes)

    def _train(self, changes: Mapping[str, Sequence[str]]) -> Outcome:
        finished = {} if self.options.fresh else self._finished(changes)
        rest = {key: overrides for key, overrides in changes.items() if key not in finished}
        outcome = self._one_by_one(rest) if self.jobs == 1 else self._in_parallel(rest)
        runs = {**finished, **outcome.runs}
        return Outcome({key: runs[key] for key in changes if key in runs}, outcome.failures)

    def _finished(self, changes: Mapping[str, Sequence[str]]) -> dict[str, Path]:
        """Those for which no process needs to be started."""
        options = replace(self.options, registry=self.plugins, components=())
        found: dict[str, Path] = {}
        for key, overrides in changes.items():
            folder = find_finished(TrainRequest(self.read(overrides), options), self.out)
            if folder is not None:
                options.notify(NOTHING_TO_DO.format(folder.path))
                WriteReport(self.plugins).write_if_missing(folder.path)
                found[key] = folder.path
        return found

    def _one_by_one(self, changes: Mapping[str, Sequence[str]]) -> Outcome:
        outcome = Outcome({}, {})
        for key, overrides in changes.items():
            try:
                outcome.runs[key] = train(self.spec, self.out, overrides=overrides, options=self.options)
            except Stopped:
                raise
            except Exception as error:  # whatever a component raises; the caller shows it
                if current_world().count > 1:  # the other processes have not failed: they would wait for this one
                    raise
                text = str(error) if isinstance(error, GanRunError) else "".join(traceback.format_exception(error))
                self.options.notify(f"{key} failed: {text}")
                outcome.failures[key] = error
        return outcome

    def _in_parallel(self, changes: Mapping[str, Sequence[str]]) -> Outcome:
        with self._file() as file:
            commands = {key: self._command(file, overrides) for key, overrides in changes.items()}
            return ParallelRuns(commands, self.jobs, self.options).train()

    def _command(self, file: Path, overrides: Collection[str]) -> list[str]:
        """The arguments of `gan-run` that train one run."""
        flags = {"--fresh": self.options.fresh, "--any-processes": self.options.any_processes}
        chosen = [flag for flag, wanted in flags.items() if wanted]
        changes = [f"--set={override}" for override in overrides]
        return ["train", str(file), "--out", str(self.out), *chosen, *self.plugins.command_line(), *changes]

    @contextmanager
    def _file(self) -> Iterator[Path]:
        """The file that the spec is in, or a temporary one."""
        if isinstance(self.spec, (str, Path)):
            yield Path(self.spec)
            return
        with TemporaryDirectory() as folder:
            file = Path(folder) / "spec.json"
            file.write_text(json.dumps(dump(self.read(()))), encoding="utf-8")
            yield file

    @property
    def plugins(self) -> Plugins:
        """The plugins, and the classes that no plugin provides."""
        plugins, components = self.options.plugins(), self.options.components
        return plugins.with_components(components) if components else plugins


def failure(failures: Mapping[str, Exception]) -> Exception:
    """The one error of several runs there is, or one that tells of all."""
    if len(failures) == 1 and not isinstance(only := next(iter(failures.values())), RunError):
        return only
    return RunError(reasons(failures))


def reasons(failures: Mapping[str, Exception]) -> str:
    """A line for each run that failed, and the lines of its error."""
    return "\n".join(f"{key} failed: {_reason(error)}" for key, error in failures.items())


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, GanRunError) else f"{type(error).__name__}: {error}"


def default_jobs(device: str) -> int:
    """How many runs to train at the same time: on a CPU one per core, as threads speed small networks up little; on a
    GPU one, and so in a process group, which trains one run together."""
    on_cpu = device == "cpu" or (device == "auto" and not torch.cuda.is_available())
    return torch.get_num_threads() if on_cpu and current_world().count == 1 else 1
