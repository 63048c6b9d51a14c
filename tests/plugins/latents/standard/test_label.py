import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch

from gan_run import Column, DataInfo, ImageShape, LatentContext, Spec, read_spec
from gan_run.plugins.latents.standard.label import Label, LabelModule
from gan_run.registry.plugins import Registry

INFO = DataInfo(ImageShape(1, 2, 2), {"train": 8}, {"label": Column("categorical", ("cat", "dog", "owl"))})


def label(*labels: int) -> LabelModule:
    latent = Label().build(LatentContext(INFO))
    latent.fit_prior({"label": torch.tensor(labels)})
    return latent


def test_classes_are_drawn_as_often_as_the_data_has_them() -> None:
    torch.manual_seed(0)
    drawn = label(0, 0, 0, 1).sample(10000)
    assert drawn.dtype == torch.int64
    shares = torch.bincount(drawn, minlength=3) / 10000
    torch.testing.assert_close(shares, torch.tensor([0.75, 0.25, 0.0]), atol=0.02, rtol=0)


def test_before_anything_is_learnt_they_are_equally_likely() -> None:
    assert Label().build(LatentContext(INFO)).frequencies.tolist() == pytest.approx([1 / 3] * 3)


def test_the_entropy_is_that_of_the_frequencies() -> None:
    # Of 3/4 and 1/4; a class that never comes adds nothing.
    expected = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert label(0, 0, 0, 1).entropy().item() == pytest.approx(expected, abs=1e-6)
    assert label(0, 1, 2).entropy().item() == pytest.approx(math.log(3), abs=1e-6)


def test_a_class_without_training_images_cannot_be_drawn() -> None:
    latent = label(0, 0, 2)
    assert latent.value(2).item() == 2
    with pytest.raises(ValueError, match=r"no training image is of this class \(category 1\)"):
        latent.value(1)
    assert latent.traversal_values(10).tolist() == [0, 2]


def test_real_images_have_the_value_of_their_column() -> None:
    seen = torch.tensor([2, 0, 1])
    assert torch.equal(label(0, 1).observe({"label": seen}), seen)
    assert label(0, 1).embed(seen).tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]


def test_what_was_learnt_is_in_the_state() -> None:
    latent, other = label(0, 0, 0, 1), Label().build(LatentContext(INFO))
    other.load_state_dict(latent.state_dict())
    assert other.frequencies.tolist() == [0.75, 0.25, 0.0]


def test_data_without_labels_is_a_problem_and_so_are_several_labels(
    small: Callable[..., Mapping[str, Any]], registry: Registry
) -> None:
    latents = {"z": {"type": "gaussian"}, "label": {"type": "label"}}
    spec = read_spec(small(latents=latents, losses=[{"type": "hinge"}]), registry=registry)
    (problem,) = spec.data_problems(DataInfo(ImageShape(1, 8, 8), {"train": 1}))
    assert str(problem) == "latents.label: the data has no column 'label' (there is: nothing)"
    assert not spec.data_problems(INFO)
    (problem,) = spec.data_problems(replace(INFO, columns={"label": Column("categorical", ("cat",))}))
    assert str(problem) == "latents.label.column: all images are of one class, 'cat': leave this latent out"
    assert not spec.data_problems(replace(INFO, columns={"label": Column("categorical", ("cat", "dog"))}))
    with pytest.raises(ValueError, match=r"latents\.label\.count: an image has one label"):
        read_spec(spec, ["latents.label.count=2"], registry)


def test_training_tells_it_the_labels_of_the_training_images(
    small: Callable[..., Mapping[str, Any]], registry: Registry
) -> None:
    from gan_run.core.engine.training import Training

    latents = {"z": {"type": "gaussian"}, "label": {"type": "label"}}
    data = {"type": "toys", "images": 5}
    spec: Spec = read_spec(small(latents=latents, data=data, losses=[{"type": "hinge"}]), registry=registry)
    training = Training(spec, spec.data.describe(), spec.data.open("train"))
    latent = training.game.latents["label"]
    assert isinstance(latent, LabelModule)
    assert latent.frequencies.tolist() == pytest.approx([3 / 5, 2 / 5])
    assert training.ema is not None
    averaged = training.ema.stack.latents["label"]
    assert isinstance(averaged, LabelModule)
    assert averaged.frequencies.tolist() == pytest.approx([3 / 5, 2 / 5])
