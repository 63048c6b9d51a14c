"""Scores of models: what they are measured with, what is cached, and that training is not disturbed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_run import (
    DataInfo,
    ImageSet,
    ImageShape,
    Measurement,
    Model,
    PluginError,
    RunOptions,
    Splits,
    load,
    read_spec,
    train,
)
from gan_run.core.run.dry_run import dry_run
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.metrics.fidelity import library
from gan_run.plugins.metrics.fidelity.fid import FID
from gan_run.plugins.metrics.fidelity.inception_score import InceptionScore
from gan_run.plugins.metrics.fidelity.kid import KID
from gan_run.plugins.metrics.fidelity.prdc import PRDC
from gan_run.plugins.metrics.fidelity.score import FidelityScore
from gan_run.plugins.metrics.fidelity.torchscript import TorchScript, TorchScriptNetwork
from gan_run.registry.plugins import Registry
from gan_run.testing import FakeSplits, fake_model

WIDTH = 6
Make = Callable[..., FidelityScore]


def pixels(count: int, seed: int, low: int = 0, high: int = 256) -> ImageSet:
    stream = torch.Generator().manual_seed(seed)
    return ImageSet(torch.randint(low, high, (count, 1, 1, WIDTH), dtype=torch.uint8, generator=stream))


def data(train: int = 60, test: int = 40, seed: int = 0) -> FakeSplits:
    sizes = {"train": train, "test": test} if test else {"train": train}
    images = {"train": pixels(train, seed), "test": pixels(test, seed + 1)}
    return FakeSplits(DataInfo(ImageShape(1, 1, WIDTH), sizes), **images)


def noise_model(scale: float = 1.0) -> Model:
    """Generates noise that is uniform in [-scale, scale]."""
    return fake_model({"c": Uniform(count=WIDTH)}, lambda values: scale * values[:, None, None], {"c": lambda x: x})


def found(metric: FidelityScore, model: Model | None = None, splits: Splits | None = None) -> Measurement:
    torch.manual_seed(3)
    return metric.measure(model or noise_model(), splits or data())


def numbers(measurement: Measurement, *path: str) -> Any:
    for name in path:
        measurement = measurement[name]  # type: ignore[assignment]  # a mapping, by what the tests ask for
    return measurement


@pytest.fixture
def make(tiny: Callable[..., Path], tmp_path: Path) -> Make:
    """make(FID, samples=10) is a score by the tiny network."""

    def build(score: type[FidelityScore] = FID, **fields: object) -> FidelityScore:
        network = TorchScriptNetwork(path=tiny(WIDTH, classes=True), classes=True)
        said: Mapping[str, object] = {"network": network, "samples": 50, "cache": tmp_path / "cache", **fields}
        return score.model_validate(said)

    return build


@pytest.mark.parametrize("score", [FID, KID, PRDC, InceptionScore])
def test_a_score_is_the_computation_on_the_features_of_both_sides(score: type[FidelityScore], make: Make) -> None:
    metric, model, splits = make(score), noise_model(), data()
    measured = found(metric, model, splits)
    torch.manual_seed(3)
    drawn = model.generate(model.sample_latents(50))
    extractor = metric.network.build(splits, torch.device("cpu"))
    real = splits["train"].batch(torch.arange(60)).images
    rounded = torch.round((drawn + 1) * 127.5) / 127.5 - 1
    expected = metric.compute(extractor(rounded), extractor(real), seed=int(torch.randint(2**31, ())))
    assert {name: measured[name] for name in expected} == pytest.approx(dict(expected), rel=1e-4)


def test_images_that_look_real_score_better_than_others(make: Make) -> None:
    fid, prdc = make(samples=60), make(PRDC, samples=60)
    good, bad = found(fid, noise_model()), found(fid, noise_model(scale=0.2))
    assert numbers(good, "fid") < numbers(bad, "fid") / 2
    assert numbers(found(prdc, noise_model(0.2)), "coverage") < numbers(found(prdc), "coverage")


def test_real_images_are_scored_beside(make: Make) -> None:
    metric, splits = make(samples=30), data()
    measured = found(metric, splits=splits)
    assert numbers(measured, "real_images", "split") == "test"
    assert numbers(measured, "real_images", "images") == 30
    plain = {key: numbers(measured, "real_images", key) for key in ("fid",)}
    same = found(metric, noise_model(0.1), splits)
    assert {key: numbers(same, "real_images", key) for key in plain} == plain


def test_the_test_split_is_compared_with_training_images(make: Make) -> None:
    measured = found(make(split="test"))
    assert numbers(measured, "measured_on", "split") == "test"
    assert (numbers(measured, "real_images", "split"), numbers(measured, "real_images", "images")) == ("train", 50)


def test_a_single_split_is_halved(make: Make) -> None:
    measured = found(make(), splits=data(test=0))
    assert (numbers(measured, "real_images", "split"), numbers(measured, "real_images", "images")) == ("train", 30)
    assert numbers(measured, "real_images", "fid") > 0


def test_a_set_is_at_no_distance_from_itself(make: Make) -> None:
    images = pixels(40, seed=2)
    twice = FakeSplits(DataInfo(ImageShape(1, 1, WIDTH), {"train": 40, "test": 40}), train=images, test=images)
    assert numbers(found(make(), splits=twice), "real_images", "fid") == pytest.approx(0, abs=1e-4)
    assert numbers(found(make(PRDC), splits=twice), "real_images", "precision") == 1


def test_the_fingerprint_differs_with_each_ingredient(
    make: Make, tiny: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fingerprint(metric: FidelityScore, splits: Splits | None = None) -> str:
        return metric.fingerprint(found(metric, splits=splits))

    plain = make()
    network = plain.network
    assert isinstance(network, TorchScriptNetwork)
    prints = {
        "plain": fingerprint(plain),
        "weights": fingerprint(make(network=network.model_copy(update={"path": tiny(WIDTH, seed=1, classes=True)}))),
        "resize": fingerprint(make(network=network.model_copy(update={"size": (1, WIDTH)}))),
        "samples": fingerprint(make(samples=49)),
        "images": fingerprint(make(images=59)),
        "reference": fingerprint(plain, data(seed=7)),
        "split": fingerprint(make(split="test")),
        "k": fingerprint(make(PRDC)),
        "another k": fingerprint(make(PRDC, neighbour=3)),
    }
    monkeypatch.setattr(library, "version", lambda name: "99.0")
    prints["version"] = fingerprint(plain)
    assert len(set(prints.values())) == len(prints)


def test_the_fingerprint_is_the_same_for_another_model_batch_and_cache(make: Make, tmp_path: Path) -> None:
    metrics = [make(), make(batch=7), make(cache=tmp_path / "other")]
    results = [found(metrics[0]), *(found(metric, noise_model(0.5)) for metric in metrics)]
    assert len({metrics[0].fingerprint(each) for each in results}) == 1
    json.dumps(results, allow_nan=False)


def test_what_a_score_was_measured_with_is_said_in_full(make: Make) -> None:
    metric = make(KID, images=20)
    said = numbers(found(metric), "measured_with")
    assert said["network"] == asdict(metric.network.build(data(), torch.device("cpu")).identity)
    assert said["reference"].keys() == {"split", "images", "sha256"}
    assert (said["reference"]["images"], said["samples"]) == (20, 50)
    assert (said["subsets"], said["subset_size"]) == (100, 1000)
    assert said["computed_by"] == library.name_and_version()


class Forwards:
    """How many images the network has seen."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.images = 0
        forward = TorchScript.forward

        def counted(extractor: TorchScript, images: Tensor) -> object:
            self.images += len(images)
            return forward(extractor, images)

        monkeypatch.setattr(TorchScript, "forward", counted)


def test_features_of_real_images_are_computed_once(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forwards, metric = Forwards(monkeypatch), make()
    first = found(metric)
    assert forwards.images == 60 + 40 + 50
    assert found(metric) == first
    assert forwards.images == 150 + 50
    found(make(PRDC))  # the same features
    assert forwards.images == 200 + 50
    found(metric, splits=data(seed=9))
    assert forwards.images == 250 + 150


def test_damaged_features_are_computed_anew(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forwards, metric = Forwards(monkeypatch), make()
    first = found(metric)
    for file in (tmp_path / "cache").glob("*.safetensors"):
        file.write_bytes(file.read_bytes()[:-9])
    assert found(metric) == first
    assert forwards.images == 2 * 150


def test_a_score_without_the_cache_is_that_with_it(make: Make, tmp_path: Path) -> None:
    filled = found(make(KID))
    assert found(make(KID)) == filled
    assert found(make(KID, cache=tmp_path / "empty")) == filled


TINY = {"type": "classifier", "width": 2, "features": 4, "steps": 2}
METRICS = [
    {"type": "fid", "network": TINY, "samples": 20, "every": 2},
    {"type": "kid", "network": TINY, "samples": 20, "every": 2},
]


def test_measuring_at_an_interval_leaves_the_weights_as_they_are(
    small: Callable[..., dict[str, Any]], registry: Registry, tmp_path: Path
) -> None:
    options = RunOptions(registry=registry, notify=lambda text: None)
    measured = train(small(metrics=METRICS), tmp_path / "measured", options=options)
    plain = train(small(), tmp_path / "plain", options=options)
    for name in ("model.safetensors", "optimizer.safetensors"):
        last = Path("checkpoints", "step-00000006", name)
        assert (measured / last).read_bytes() == (plain / last).read_bytes()
    lines = [json.loads(line) for line in (measured / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["step"] for line in lines if "metrics" in line] == [2, 4]
    (fid, _) = json.loads((measured / "evaluation.json").read_text(encoding="utf-8"))["metrics"]
    assert fid["found"]["fid"] > 0


def test_without_the_extra_training_does_not_begin_and_a_model_is_loaded(
    small: Callable[..., dict[str, Any]], registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = read_spec(small(metrics=METRICS[:1], train={"steps": 1}), registry=registry)
    run = train(spec, tmp_path, options=RunOptions(registry=registry, notify=lambda text: None))
    monkeypatch.setattr(library, "find_spec", lambda name: None)
    with pytest.raises(
        ValueError, match=r"metrics\[0\].type: torch-fidelity is not installed: pip install 'gan-run\[f"
    ):
        dry_run(spec)
    model = load(run, registry=registry)
    with pytest.raises(PluginError, match="torch-fidelity is not installed"):
        spec.metrics[0].measure(model, Splits(spec.data))


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ({"type": "prdc", "network": TINY, "samples": 5}, "metrics[0].neighbour: 5 images have no neighbour 5"),
        ({"type": "inception-score", "network": TINY, "samples": 5}, "metrics[0].parts: 5 images cannot be divided"),
        ({"type": "fid", "network": {**TINY, "column": "no"}}, "metrics[0].network.column: the data has no column"),
    ],
)
def test_a_score_that_cannot_work_is_found_before_training(
    metric: dict[str, object], message: str, small: Callable[..., dict[str, Any]], registry: Registry
) -> None:
    with pytest.raises(ValueError, match="problem") as caught:
        dry_run(read_spec(small(metrics=[metric]), registry=registry))
    assert message in str(caught.value)


def test_an_inception_score_needs_classes(
    tiny: Callable[..., Path], small: Callable[..., dict[str, Any]], registry: Registry
) -> None:
    metric = {"type": "inception-score", "network": {"type": "torchscript", "path": str(tiny(64))}}
    with pytest.raises(ValueError, match=r"metrics\[0\].network: torchscript gives no classes"):
        dry_run(read_spec(small(metrics=[metric]), registry=registry))
