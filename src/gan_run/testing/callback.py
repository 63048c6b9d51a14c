"""The tests that every declared callback passes."""

import json
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from safetensors.torch import load_file

from gan_run.core.kinds.callback import Callback, DeclaredCallback
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.options import RunOptions
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.stopping import Stopped
from gan_run.runs import resume, train
from gan_run.testing.component import ComponentSuite, installed_plugins
from gan_run.testing.game import Noise, small_spec

EVALUATED: Mapping[str, object] = {
    "losses": [{"type": "non-saturating"}, {"type": "mutual-information", "codes": {"category": 1.0}}],
    "metrics": [{"type": "cluster-accuracy", "code": "category", "every": 2}],
    "artifacts": [{"type": "samples", "rows": 1, "every": 2}],
    "train": {"steps": 4, "batch_size": 6, "log_every": 1, "checkpoint_every": 2, "device": "cpu"},
}


class CallbackSuite(ComponentSuite):
    """Set `component` to a declared callback, with options by which it does not stop a run of four steps.

    It receives the events of a run with the metric `cluster-accuracy` and the artifact `samples`, every two steps.
    """

    component: DeclaredCallback
    fields: ClassVar[Mapping[str, object]] = {}
    """Fields of the spec that replace the small spec's own, such as the metrics that the callback follows."""

    def spec(self, *callbacks: DeclaredCallback) -> Spec:
        """The small spec with these callbacks."""
        return small_spec(self.component, {**EVALUATED, **self.fields, "callbacks": callbacks})

    def options(self, stop: Callable[[], bool] = lambda: False) -> RunOptions:
        """How the small spec is trained."""
        components: list[type[Component]] = [type(self.component), Noise]
        registry = installed_plugins().with_components(components)
        return RunOptions(stop=stop, notify=lambda text: None, progress=False, registry=registry)

    def test_each_build_gives_a_callback_of_its_own(self) -> None:
        built, other = self.component.build(), self.component.build()
        assert isinstance(built, Callback)
        assert built is not other, "a run that is resumed in the same program needs a callback in its initial state"

    def test_a_run_with_it_ends_like_one_without_it(self, tmp_path: Path) -> None:
        without = train(self.spec(), tmp_path / "without", options=self.options())
        with failures_raised():
            followed = train(self.spec(self.component), tmp_path / "with", options=self.options())
        assert_same_end(followed, without)

    def test_a_run_with_it_may_be_interrupted_and_repeats_steps(self, tmp_path: Path) -> None:
        without = train(self.spec(), tmp_path / "without", options=self.options())
        asked = count(1)  # it is asked once after every step
        with failures_raised():
            with pytest.raises(Stopped):
                train(self.spec(self.component), tmp_path / "with", options=self.options(lambda: next(asked) == 3))
            followed = tmp_path / "with" / "testing"
            shutil.rmtree(followed / "checkpoints" / "step-00000003")  # as if it had been killed before it was saved
            resume(followed, options=self.options())
        assert_same_end(followed, without)


@contextmanager
def failures_raised() -> Iterator[None]:
    """Within, an exception of a callback is raised, where a run only warns of it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*; the run goes on")
        yield


def assert_same_end(run: Path, expected: Path) -> None:
    """Assert that two runs have the same weights and moments, the same lines of metrics.jsonl, the same evaluation."""
    ends = [RunFolder(folder).latest() for folder in (run, expected)]
    for name in ("model", "optimizer"):
        own, other = (load_file(end.folder / f"{name}.safetensors") for end in ends if end is not None)
        differing = [key for key, value in other.items() if not torch.equal(own[key], value)]
        assert not differing, f"the callback changes {differing}: it must leave torch's settings as they are"
    assert _lines(run) == _lines(expected)
    assert (run / "evaluation.json").read_bytes() == (expected / "evaluation.json").read_bytes()


def _lines(run: Path) -> list[dict[str, object]]:
    lines = (json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
    return [{name: value for name, value in line.items() if name not in ("time", "crc32")} for line in lines]
