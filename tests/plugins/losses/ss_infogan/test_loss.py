import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from gan_run import (
    Column,
    DataError,
    DataInfo,
    ImageSet,
    ImageShape,
    LatentContext,
    LatentModule,
    PixelCodec,
    RunOptions,
    SpecError,
    load,
    read_spec,
    train,
)
from gan_run.core.engine.training import Training
from gan_run.core.kinds.update_context import UpdateContext, UpdateInputs
from gan_run.plugins.latents.standard.circular import Circular
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.losses.ss_infogan.labelled import as_code, choose
from gan_run.plugins.losses.ss_infogan.loss import SSInfoGANTerm
from gan_run.registry.plugins import Registry

Small = Callable[..., Mapping[str, Any]]
KEY, Q = "ss-infogan", "mutual-information"


def spec_with(small: Small, information: Mapping[str, object] | None = None, **fields: object) -> Mapping[str, Any]:
    few = {"type": KEY, "labelled": 3, **fields}
    codes = {"type": Q, "codes": {"category": 1.0, "c": 1.0}, "hidden": None, **(information or {})}
    return small(losses=[{"type": "hinge"}, few, codes])  # before the loss whose Q it rides on


def begin(spec: Mapping[str, Any], registry: Registry) -> Training:
    read = read_spec(spec, registry=registry)
    return Training(read, read.data.describe(), read.data.open("train"))


LABEL = Column("categorical", ("a", "b", "c"))
CONTEXT = LatentContext(DataInfo(ImageShape(1, 1, 1), {"train": 1}))


def numbered(*counts: int) -> ImageSet:
    """So many images of each class, each of one pixel, its number."""
    labels = torch.cat([torch.full((count,), label) for label, count in enumerate(counts)])
    order = torch.randperm(len(labels))
    return ImageSet(order.to(torch.uint8).view(-1, 1, 1, 1), {"label": labels[order]})


@given(st.integers(1, 4), st.integers(0, 100))
def test_as_many_of_each_class_are_labelled_as_asked_each_with_its_own_label(labelled: int, draw: int) -> None:
    images = numbered(5, 4, 9)
    few = choose(images, "label", LABEL, labelled, draw)
    assert few.labels is not None
    assert images.labels is not None
    assert torch.bincount(few.labels).tolist() == [labelled] * 3
    of = dict(zip(images.images.flatten().tolist(), images.labels.tolist(), strict=True))
    assert [of[number] for number in few.images.flatten().tolist()] == few.labels.tolist()
    assert len(set(few.images.flatten().tolist())) == 3 * labelled
    assert torch.equal(choose(images, "label", LABEL, labelled, draw).images, few.images)


def test_another_draw_labels_others() -> None:
    images = numbered(50, 50)
    draws = [set(choose(images, "label", LABEL, 5, draw).images.flatten().tolist()) for draw in range(3)]
    assert draws[0] != draws[1] != draws[2] != draws[0]


def test_a_class_with_too_few_images_is_an_error() -> None:
    with pytest.raises(DataError, match="class 1 has 2 training images, not 3 to label"):
        choose(numbered(5, 2), "label", LABEL, 3, 0)
    ages = ImageSet(torch.zeros(2, 1, 1, 1, dtype=torch.uint8), {"age": torch.tensor([1.0, math.nan])})
    with pytest.raises(DataError, match="'age' has 1 training images, not 2 to label"):
        choose(ages, "age", Column("continuous"), 2, 0)


def test_each_class_and_each_draw_has_an_order_of_its_own() -> None:
    images = ImageSet(torch.zeros(40, 1, 1, 1, dtype=torch.uint8), {"label": torch.arange(40) // 20})
    images = ImageSet(torch.arange(40, dtype=torch.uint8).view(-1, 1, 1, 1), images.columns)
    of = {draw: choose(images, "label", LABEL, 5, draw).images.flatten() for draw in (0, 1)}
    assert not torch.equal(of[0], of[1])
    assert not torch.equal(of[0][:5], of[0][5:] - 20)


def test_labelled_images_are_stored_and_mirrored_as_the_others() -> None:
    codec = PixelCodec("float32", -1, 1)
    column = {"age": torch.tensor([2.0, 10.0, 4.0])}
    images = ImageSet(torch.zeros(3, 1, 1, 1, dtype=torch.float32), column, mirrored=True, codec=codec)
    ages = Column("continuous")
    few = as_code(choose(images, "age", ages, 3, 0), "age", ages, Uniform().module(CONTEXT))
    assert (few.mirrored, few.codec) == (True, codec)


def test_the_discriminator_sees_labelled_images_mirrored_and_read_as_the_others(
    small: Small, registry: Registry
) -> None:
    game = begin(spec_with(small), registry).game
    encoder = game.term(Q).encoder()
    assert encoder is not None
    left = torch.full((1, 1, 8, 8), -1.0)
    left[..., :4] = 1
    columns = {"label": torch.tensor([1])}
    few = ImageSet(left, columns, mirrored=True, codec=PixelCodec("float32", -1, 1))
    term = SSInfoGANTerm("category", "label", game.latents, encoder, few)
    seen: list[Tensor] = []
    game.discriminator.trunk.register_forward_pre_hook(lambda _, images: seen.append(*images))
    images = torch.rand(40, 1, 8, 8)
    update = UpdateContext(game.stack, game.discriminator, UpdateInputs(images, {}, {}, images, {}, ()))
    with update.for_term(KEY):
        term.discriminator_loss(update)
    (batch,) = seen
    assert set(batch.flatten().tolist()) == {-1, 1}
    assert 0 < (batch[:, 0, 0, 0] > 0).sum() < 40


def test_the_drawn_images_are_those_of_the_seed(small: Small, registry: Registry) -> None:
    training = begin(spec_with(small, draw=5), registry)
    images = training.images
    assert images is not None
    expected = choose(images, "label", training.spec.data.describe().columns["label"], 3, 5)
    assert torch.equal(training.game.term(KEY).get_buffer("_images"), expected.images)


def test_numbers_become_values_of_the_code() -> None:
    def code(values: list[float], column: Column, latent: LatentModule) -> list[float]:
        images = ImageSet(torch.zeros(len(values), 1, 1, 1, dtype=torch.uint8), {"x": torch.tensor(values)})
        found: list[float] = as_code(images, "x", column, latent).columns["x"].tolist()
        return found

    uniform, circular = Uniform().module(CONTEXT), Circular().module(CONTEXT)
    assert code([2, 10, 4], Column("continuous"), uniform) == pytest.approx([-1, 1, -0.5])
    assert code([0.25, 0.5], Column("continuous"), uniform) == pytest.approx([-1, 1])
    assert code([3, 3], Column("continuous"), uniform) == pytest.approx([-1, -1])
    assert code([0, 90, 270], Column("angle"), circular) == pytest.approx([0, math.pi / 2, 1.5 * math.pi])


def test_data_of_one_class_and_streams_teach_nothing(small: Small, registry: Registry) -> None:
    read = read_spec(spec_with(small), registry=registry)
    (loss,) = (loss for loss in read.losses if loss.name() == KEY)
    info = read.data.describe()
    one = replace(info, columns={"label": Column("categorical", ("cat",))})
    assert "losses[1].column: all images are of one class, 'cat': there is nothing to learn" in [
        str(problem.within("losses", 1)) for problem in loss.check_data(read, one)
    ]
    enough = replace(info, columns={"label": Column("categorical", ("a", "b", "c"))})
    assert not list(loss.check_data(read, enough))
    read_c = read_spec(spec_with(small, code="c"), registry=registry)
    (loss_c,) = (loss for loss in read_c.losses if loss.name() == KEY)
    unnamed = replace(info, columns={"label": Column("categorical")})
    (problem,) = loss_c.check_data(read_c, unnamed)
    assert str(problem) == "code: 'c' has to be one categorical code"
    stream = replace(info, sizes={})
    why = "no images can be chosen beforehand: " + (stream.why_no_set("train") or "")
    assert f"losses[1].labelled: {why}" in [
        str(problem.within("losses", 1)) for problem in loss.check_data(read, stream)
    ]
    assert not any("beforehand" in str(problem) for problem in loss.check_data(read, enough))


def test_the_value_worked_by_hand(small: Small, registry: Registry) -> None:
    training = begin(spec_with(small), registry)
    game = training.game
    encoder = game.term(Q).encoder()
    assert encoder is not None
    (layer,) = (layer for layer in encoder.modules() if isinstance(layer, nn.Linear))
    with torch.no_grad():  # of every image: category 0 with 1/6, 1 with 2/6, 2 with 3/6
        nn.init.zeros_(layer.weight)
        layer.bias[:3].copy_(torch.tensor([1.0, 2.0, 3.0]).log())
    images = torch.rand(2000, 1, 8, 8)
    update = UpdateContext(game.stack, game.discriminator, UpdateInputs(images, {}, {}, images, {}, ()))
    with update.for_term(KEY):
        value = game.term(KEY).objective("discriminator", update)
    # Half of the labels are 0, half are 1.
    assert value.item() == pytest.approx((math.log(6) + math.log(3)) / 2, abs=0.03)
    assert update.reports[KEY]["accuracy"].item() == 0  # category 2 is the likeliest


def test_it_moves_the_trunk_and_q_and_nothing_else(small: Small, registry: Registry) -> None:
    training = begin(spec_with(small), registry)
    game = training.game
    images = torch.rand(8, 1, 8, 8)
    update = UpdateContext(game.stack, game.discriminator, UpdateInputs(images, {}, {}, images, {}, ()))
    with update.for_term(KEY):
        value = game.term(KEY).objective("discriminator", update)
    found = torch.autograd.grad(value, list(game.parameters()), allow_unused=True)
    moved = {name for (name, _), gradient in zip(game.named_parameters(), found, strict=True) if gradient is not None}
    assert moved == {
        *(f"discriminator.trunk.layers.1.{what}" for what in ("weight", "bias")),
        *(f"terms.{Q}.q.layers.0.{what}" for what in ("weight", "bias")),
    }
    assert [game.term(KEY).has_objective_for(player) for player in ("discriminator", "generator")] == [True, False]


def test_category_k_comes_to_be_class_k(small: Small, registry: Registry) -> None:
    # The second class is bright, the first dark; nobody else tells which category is which.
    for swapped in (False, True):
        training = begin(spec_with(small, {"q_player": "discriminator"}), registry)
        term, images = training.game.term(KEY), training.images
        # Its labels are turned round, to see that they decide.
        few = ImageSet(term.get_buffer("_images"), {"label": term.get_buffer("_values")})
        assert few.labels is not None
        assert images is not None
        assert images.labels is not None
        if swapped:
            few.labels.neg_().add_(1)
        for shown in (few, images):
            assert shown.labels is not None
            dark = (shown.labels == int(swapped)) if shown is few else (shown.labels == 0)
            shown.images[dark] //= 8
            shown.images[~dark] = 255 - shown.images[~dark] // 8
        for _ in range(100):
            training.advance()
        told = training.model().encode(torch.cat([torch.full((5, 1, 8, 8), -0.9), torch.full((5, 1, 8, 8), 0.9)]))
        assert told["category"].tolist() == ([1] * 5 + [0] * 5 if swapped else [0] * 5 + [1] * 5)


def test_the_images_are_no_part_of_the_checkpoint_and_a_finished_model_needs_none(
    small: Small, registry: Registry, tmp_path: Any
) -> None:
    spec = spec_with(small)
    assert not [name for name in begin(spec, registry).game.state_dict() if KEY in name]
    run = train(spec, tmp_path, options=RunOptions(registry=registry))
    assert set(load(run, registry=registry).encode(torch.rand(3, 1, 8, 8) * 2 - 1)) == {"category", "c"}


def test_a_code_that_nobody_reads_is_refused(small: Small, registry: Registry) -> None:
    with pytest.raises(SpecError, match=r"losses\[1\]: no loss trains an encoder of the code 'categry'"):
        read_spec(spec_with(small, code="categry"), registry=registry)


@pytest.mark.parametrize("wrong", ["c", "few", "kid"])
def test_a_code_without_a_category_for_each_class_is_refused(small: Small, registry: Registry, wrong: str) -> None:
    spec = {**spec_with(small, {"codes": {"category": 1.0, "c": 1.0, "few": 1.0, "kid": 1.0}}, code=wrong)}
    spec["latents"] = {**spec["latents"], "few": {"type": "categorical", "classes": 2, "count": 2}}
    spec["latents"] |= {"label": {"type": "label"}, "kid": {"type": "child", "parent": "category", "classes": 2}}
    read = read_spec(spec, registry=registry)
    (problem,) = read.data_problems(read.data.describe())
    assert (
        str(problem)
        == f"losses[1].code: {wrong!r} has to be one categorical code of at least 2 categories, one per class"
    )


def test_data_without_labels_is_refused(small: Small, registry: Registry) -> None:
    spec = {**spec_with(small), "data": {"type": "toys", "labelled": False}}
    read = read_spec(spec, registry=registry)
    assert [str(problem) for problem in read.data_problems(read.data.describe())] == [
        "losses[1].column: the data has no column 'label' (there is: nothing)"
    ]
