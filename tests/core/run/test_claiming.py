"""Which folder a spec is trained in when several processes want one at once; folders that move meanwhile."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gan_run import Callback, CheckpointSaved, RunError, RunOptions, StepLogged, read_spec, train
from gan_run.core.kinds.spec import dump
from gan_run.core.run.claiming import claimed
from gan_run.core.run.run_folder import RunFolder
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]
Bench = Any


@pytest.fixture
def options(registry: Registry) -> RunOptions:
    return RunOptions(registry=registry, notify=lambda text: None)


def test_while_a_spec_is_trained_another_one_goes_elsewhere_and_the_same_one_is_refused(
    small: Small, options: RunOptions, registry: Registry, tmp_path: Path
) -> None:
    first, other = read_spec(small(), registry=registry), read_spec(small(seed=9), registry=registry)
    with claimed(first, options, tmp_path) as folder:
        assert folder.path == tmp_path / "small"
        with claimed(other, options, tmp_path) as second:  # though nothing is written in the first one yet
            assert second.path == tmp_path / "small-2"
            with pytest.raises(RunError, match="another process is training"), claimed(first, options, tmp_path):
                pytest.fail("claimed twice")
            with pytest.raises(RunError, match="small-2: another"), claimed(other, options, tmp_path):
                pytest.fail("claimed twice")
    assert not list(tmp_path.iterdir())


def test_of_many_that_begin_at_once_each_spec_has_a_folder_of_its_own(
    small: Small, options: RunOptions, registry: Registry, tmp_path: Path
) -> None:
    specs = [read_spec(small(seed=seed), registry=registry) for seed in range(6)]
    together = threading.Barrier(len(specs), timeout=30)

    def claim(seed: int) -> Path:
        together.wait()
        with claimed(specs[seed], options, tmp_path) as folder:
            folder.write_spec(dump(specs[seed]))
            together.wait()
            return folder.path

    for _ in range(5):
        with ThreadPoolExecutor(len(specs)) as pool:
            folders = list(pool.map(claim, range(len(specs))))
        assert len(set(folders)) == len(specs)
        for seed, folder in enumerate(folders):
            assert json.loads((folder / "spec.json").read_text())["seed"] == seed
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()


def test_a_lock_whose_process_was_killed_holds_nobody(
    small: Small, options: RunOptions, registry: Registry, tmp_path: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; from gan_run.core.run.run_folder import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).locked({'name': 'another'}):\n    print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "small")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        other.kill()
    with claimed(read_spec(small(), registry=registry), options, tmp_path) as folder:
        assert folder.path == tmp_path / "small"


def test_a_folder_that_is_no_run_is_in_the_way(bench: Bench, small: Small) -> None:
    (bench.out / "small").mkdir(parents=True)
    (bench.out / "small" / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match=r"small is in the way: it holds no run\. Choose another name"):
        bench.train(small())
    assert [path.name for path in bench.out.rglob("*")] == ["small", "notes.txt"]


class Meddle(Callback):
    """Does something once, at a checkpoint or at a logged step."""

    def __init__(self, kind: type, action: Callable[[], object]) -> None:
        self._kind, self._action = kind, action
        self._done = False

    def _once(self, event: object) -> None:
        if isinstance(event, self._kind) and not self._done:
            self._done = True
            self._action()

    def step_logged(self, event: StepLogged) -> None:
        self._once(event)

    def checkpoint_saved(self, event: CheckpointSaved) -> None:
        self._once(event)


@pytest.mark.parametrize("kind", [StepLogged, CheckpointSaved])
@pytest.mark.parametrize("replaced", [False, True], ids=["gone", "replaced"])
def test_a_folder_that_is_renamed_while_it_is_trained_in_ends_the_run_and_loses_nothing(
    small: Small, options: RunOptions, tmp_path: Path, kind: type, replaced: bool
) -> None:
    spec = small(train={"steps": 6, "checkpoint_every": 2, "log_every": 1})
    expected = train(spec, tmp_path / "expected", options=options)

    def rename() -> None:
        (tmp_path / "small").rename(tmp_path / "moved")
        if replaced:
            (tmp_path / "small").mkdir()

    meddling = RunOptions(registry=options.registry, notify=options.notify, callbacks=[Meddle(kind, rename)])
    with pytest.raises(RunError, match="small was moved or removed while the run trained: put it back, and the same"):
        train(spec, tmp_path, options=meddling)
    assert not replaced or not list((tmp_path / "small").iterdir())
    if replaced:
        (tmp_path / "small").rmdir()
    (tmp_path / "moved").rename(tmp_path / "small")
    resumed = train(spec, tmp_path, options=options)
    model = "checkpoints/step-00000006/model.safetensors"
    assert (resumed / model).read_bytes() == (expected / model).read_bytes()


def test_a_folder_that_is_removed_while_it_is_trained_in_ends_the_run(
    small: Small, options: RunOptions, tmp_path: Path
) -> None:
    meddle = Meddle(CheckpointSaved, lambda: shutil.rmtree(tmp_path / "small"))
    with pytest.raises(RunError, match="small was moved or removed while the run trained"):
        train(small(), tmp_path, options=RunOptions(registry=options.registry, notify=print, callbacks=[meddle]))
    assert not (tmp_path / "small").exists()


def test_a_run_folder_knows_that_it_is_in_place(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(RunError, match="was moved or removed"):
        folder.check_in_place()
    with folder.locked():
        folder.check_in_place()
