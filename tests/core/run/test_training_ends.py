import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_run import Callback, RunOptions, SpecError, StepLogged, Stopped, TrainingError, read_spec, train
from gan_run.core.base import files
from gan_run.core.run import checkpoint, resolve, run_logs
from gan_run.core.run.resolve import resolve_device
from gan_run.core.run.run_folder import RunFolder

Small = Callable[..., dict[str, Any]]


Bench = Any


def test_the_log_is_on_the_disk_before_each_checkpoint(
    bench: Bench, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, int]] = []
    sync = files.sync

    def record(path: Path) -> None:
        lines = bench.out / "small/metrics.jsonl"
        synced.append((path.name, len(lines.read_text().splitlines()) if lines.exists() else 0))
        sync(path)

    monkeypatch.setattr(run_logs, "sync", record)
    monkeypatch.setattr(checkpoint, "sync", record)
    bench.train(small())
    assert [entry for entry in synced if entry[0] in ("metrics.jsonl", "manifest.json")] == [
        (name, step) for step in (2, 4, 6) for name in ("metrics.jsonl", "manifest.json")
    ]


def test_auto_takes_no_accelerator_that_is_not_tested(
    bench: Bench, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: torch.device("mps"))
    folder = bench.train(small(train={"steps": 1, "device": "auto"}))
    assert bench.written_spec(folder)["train"]["device"] == ("cuda" if torch.cuda.is_available() else "cpu")
    monkeypatch.setattr(resolve, "TESTED_DEVICES", ("cuda",))
    with pytest.warns(UserWarning, match="train.device: gan-run is not tested on 'cpu'"):
        resolve_device(read_spec(small(train={"device": "cpu"}), registry=bench.registry))


@pytest.mark.usefixtures("timed_precisions")
def test_precision_auto_is_settled_once(bench: Bench, small: Small) -> None:
    spec = small(train={"precision": "auto", "device": "auto", "steps": 4})
    with pytest.raises(Stopped):
        bench.train(spec, stop_at=1)
    folder = bench.out / "small"
    settled = bench.written_spec(folder)["train"]
    assert settled["precision"] in ("fp32", "bf16")
    assert settled["device"] != "auto"
    bench.train(spec)
    assert bench.said == [f"resuming {folder} after step 1"]
    assert bench.written_spec(folder)["train"] == settled
    bench.train(spec)
    assert bench.said[0].startswith(f"{folder} is finished")
    other = "bf16" if settled["precision"] == "fp32" else "fp32"
    assert bench.train(spec, f"train.precision={other}") == bench.out / "small-2"


def test_precision_auto_is_fp32_without_a_timed_step_where_bf16_is_emulated(
    bench: Bench, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    monkeypatch.setattr("gan_run.core.run.resolve._step_seconds", lambda *_: pytest.fail("a step was timed"))
    folder = bench.train(small(train={"precision": "auto", "steps": 1}))
    assert bench.written_spec(folder)["train"]["precision"] == "fp32"


@pytest.mark.usefixtures("timed_precisions")
def test_settling_the_precision_does_not_change_what_is_trained(bench: Bench, small: Small) -> None:
    automatic = bench.train(small(train={"precision": "auto", "steps": 2}))
    chosen = bench.written_spec(automatic)["train"]["precision"]
    fakes = bench.train(small(name="by-hand", train={"precision": chosen, "steps": 2}))
    theirs, ours = bench.weights(automatic), bench.weights(fakes)
    assert all(torch.equal(theirs[name], ours[name]) for name in ours)


@pytest.fixture
def turns_nan(small: Small) -> Callable[..., dict[str, Any]]:
    def make(calls: int, train: dict[str, object], **fields: object) -> dict[str, Any]:
        losses = [{"type": "non-saturating"}, {"type": "turns-nan", "calls": calls}]
        return small(losses=losses, train=train, **fields)

    return make


def test_a_loss_that_turns_nan_stops_the_run_with_step_term_and_last_good_checkpoint(
    bench: Bench, turns_nan: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(TrainingError) as caught:
        bench.train(turns_nan(4, {"steps": 9, "checkpoint_every": 3, "log_every": 8}))
    folder = bench.out / "small"
    good = folder / "checkpoints/step-00000003"
    message = f"step 5: the loss discriminator/turns-nan is not finite; the last good checkpoint is {good}"
    assert str(caught.value) == message
    latest = RunFolder(folder).latest()
    assert latest is not None
    assert latest.step == 3
    assert all(bool(torch.isfinite(tensor).all()) for tensor in bench.weights(folder).values())
    # What the term counted is resumed too: it turns NaN at the same step again.
    with pytest.raises(TrainingError, match="step 5: the loss discriminator/turns-nan"):
        bench.train(turns_nan(4, {"steps": 9, "checkpoint_every": 3, "log_every": 8}))
    assert bench.steps.began_at == [3]


def test_a_loss_that_turns_nan_before_any_checkpoint_says_that_there_is_none(
    bench: Bench, turns_nan: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(TrainingError, match=r"step 1: the loss .* is not finite; there is no checkpoint yet"):
        bench.train(turns_nan(0, {"steps": 4}))


def test_a_model_that_is_no_longer_finite_is_not_measured(
    bench: Bench, turns_nan: Callable[..., dict[str, Any]]
) -> None:
    rarely = {"steps": 9, "checkpoint_every": 9, "log_every": 9}
    with pytest.raises(TrainingError, match="step 2: the loss discriminator/turns-nan is not finite"):
        bench.train(turns_nan(1, rarely, metrics=[{"type": "loudness", "every": 4}]))
    assert not (bench.out / "small/metrics.jsonl").exists()


def test_weights_that_are_not_finite_are_not_saved(bench: Bench, small: Small) -> None:
    spec = small()
    spec["optimizers"]["generator"]["lr"] = 1e39  # beyond float32
    with pytest.raises(TrainingError, match="not finite; there is no checkpoint yet"):
        bench.train(spec)
    assert RunFolder(bench.out / "small").latest() is None


def test_a_metric_that_finds_no_number_is_null_and_the_run_is_finished(bench: Bench, small: Small) -> None:
    spec = small(train={"steps": 2}, metrics=[{"type": "loudness", "found": "nan", "every": 1}])
    folder = bench.train(spec)
    (found,) = json.loads((folder / "evaluation.json").read_text())["metrics"]
    assert found["found"] == {"mean": None, "images": 16}
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 1, 2]
    assert lines[1]["metrics"][0]["found"]["mean"] is None


def test_a_callback_can_stop_the_run_at_the_step_that_it_was_sent(bench: Bench, small: Small) -> None:
    seen: list[int] = []

    class Stop(Callback):
        def step_logged(self, event: StepLogged) -> None:
            seen.append(event.step)

    options = RunOptions(callbacks=[Stop()], stop=lambda: 3 in seen, notify=lambda text: None, registry=bench.registry)
    with pytest.raises(Stopped, match="stopped after step 3"):
        train(small(), bench.out, options=options)
    assert seen == [1, 2, 3]


@pytest.mark.usefixtures("timed_precisions")
def test_training_leaves_the_callers_random_stream_alone(bench: Bench, small: Small) -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    bench.train(small(train={"precision": "auto", "steps": 2}, metrics=[{"type": "loudness"}]))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_callers_random_stream_does_not_change_training(bench: Bench, small: Small) -> None:
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        found.append(bench.weights(bench.train(small(train={"steps": 2}), fresh=True)))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_measuring_on_the_way_does_not_change_training(bench: Bench, small: Small) -> None:
    plain = bench.weights(bench.train(small(name="plain")))
    spec = small(
        name="watched", metrics=[{"type": "loudness", "every": 1}], artifacts=[{"type": "samples", "every": 2}]
    )
    watched = bench.weights(bench.train(spec))
    assert all(torch.equal(plain[name], watched[name]) for name in plain)
    pictures = sorted(path.name for path in (bench.out / "watched/samples").iterdir())
    assert pictures == ["step-00000002.png", "step-00000004.png", "step-00000006.png"]


def test_a_lower_learning_rate_moves_weights_less(bench: Bench, small: Small) -> None:
    """So that equal weights above mean equal training, not none."""
    moved = []
    for rate in (1e-4, 1e-2):
        spec = small(name="rate", train={"steps": 3})
        spec["optimizers"]["generator"]["lr"] = rate
        first = small(name="rate", train={"steps": 1})
        first["optimizers"]["generator"]["lr"] = 0
        begin, end = bench.weights(bench.train(first, fresh=True)), bench.weights(bench.train(spec, fresh=True))
        name = "game.stack.generator.0.weight"
        moved.append(float((begin[name] - end[name]).abs().max()))
    assert 0 < moved[0] < moved[1]
    assert math.isclose(moved[0] * 100, moved[1], rel_tol=0.5)


def test_composition_is_checked_before_a_folder_is_made(bench: Bench, small: Small) -> None:
    spec = small(losses=[{"type": "mutual-information", "codes": {"categry": 1.0}}])
    with pytest.raises(SpecError, match=r"losses\[0\]\.codes\.categry: .*did you mean 'category'"):
        bench.train(spec)
    assert not bench.out.exists()


def test_a_player_nobody_has_is_refused_and_leaves_the_name_free(bench: Bench, small: Small) -> None:
    spec = small()
    spec["optimizers"]["critic"] = {"type": "adam", "lr": 1e-3}
    with pytest.raises(ValueError, match=r"optimizers\.critic: no such player"):
        bench.train(spec)
    assert bench.train(small(train={"steps": 1})) == bench.out / "small"


def test_a_run_logs_loads_though_its_file_was_saved_elsewhere(bench: Bench, small: Small, tmp_path: Path) -> None:
    folder = bench.train(small(train={"steps": 2}))
    moved = folder.rename(tmp_path / "elsewhere")
    bench.resume(moved, "train.steps=3")
    assert bench.steps.taken == [3]
