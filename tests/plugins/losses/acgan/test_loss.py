import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_run import SpecError, read_spec
from gan_run.core.engine.training import Training
from gan_run.core.kinds.update_context import UpdateContext, UpdateInputs
from gan_run.plugins.losses.acgan.loss import ACGANTerm
from gan_run.registry.plugins import Registry

Begin = Callable[..., Training]


@pytest.fixture
def begin(small: Callable[..., Mapping[str, Any]], registry: Registry) -> Begin:
    """A game on two classes, of which a third of the images are the second's."""

    def start(*more: Mapping[str, object], label: str = "label") -> Training:
        latents = {"z": {"type": "gaussian", "count": 4}, "label": {"type": "label"}, "c": {"type": "uniform"}}
        losses = [{"type": "hinge"}, {"type": "acgan", "label": label}, *more]
        spec = read_spec(small(latents=latents, losses=losses), registry=registry)
        return Training(spec, spec.data.describe(), spec.data.open("train"))

    return start


def term_of(training: Training) -> ACGANTerm:
    term = training.game.term("acgan")
    assert isinstance(term, ACGANTerm)
    return term


def test_the_value_worked_by_hand(begin: Begin) -> None:
    training = begin()
    term, game = term_of(training), training.game
    with torch.no_grad():  # of every image: class 0 with 1/4, class 1 with 3/4
        nn.init.zeros_(term.classifier.layer.weight)
        term.classifier.layer.bias.copy_(torch.tensor([0.0, math.log(3)]))
    images = torch.rand(2, 1, 8, 8)
    latents = {**game.latents.sample(2), "label": torch.tensor([1, 1])}
    update = UpdateContext(
        game.stack, game.discriminator, UpdateInputs(images, {"label": torch.tensor([0, 1])}, latents, images, {}, ())
    )
    real, fake = (math.log(4) + math.log(4 / 3)) / 2, math.log(4 / 3)
    with update.for_term("acgan"):
        assert term.discriminator_loss(update).item() == pytest.approx(real + fake, abs=1e-6)
        assert term.generator_loss(update).item() == pytest.approx(fake, abs=1e-6)
    assert update.reports["acgan"]["real"].item() == pytest.approx(real, abs=1e-6)
    assert update.reports["acgan"]["fake"].item() == pytest.approx(fake, abs=1e-6)


def test_the_likelihood_is_that_of_the_label_given_the_other_latents(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    game = begin().game
    condition, latents = {"label": torch.tensor([0, 1])}, game.latents.sample(2)
    given: list[Mapping[str, Tensor]] = []
    label = game.latents["label"]
    monkeypatch.setattr(label, "conditional", lambda values: given.append(values) or label)
    inputs = UpdateInputs(torch.rand(2, 1, 8, 8), condition, latents, torch.rand(2, 1, 8, 8), {}, ())
    update = UpdateContext(game.stack, game.discriminator, inputs)
    with update.for_term("acgan"):
        game.term("acgan").objective("discriminator", update)
    assert [set(values) for values in given] == [{"label"}, set(latents)]


def test_the_discriminators_player_trains_the_classifier_and_the_trunk_and_the_generators_trains_g(
    begin: Begin,
) -> None:
    training = begin()
    players = {player.name: set(player.parameters) for player in training.players}
    assert {"terms.acgan.classifier.layer.weight", "terms.acgan.classifier.layer.bias"} <= players["discriminator"]
    before = {name: value.detach().clone() for name, value in training.game.named_parameters()}
    training.advance()
    still = {name for name, value in training.game.named_parameters() if value.equal(before[name])}
    assert still <= {"discriminator.head.layer.bias"}  # the hinge pulls both ways at first


def test_the_class_of_an_image_can_be_read_off_it(begin: Begin) -> None:
    model = begin({"type": "mutual-information", "codes": {"c": 1.0}}).model()
    assert set(model.codes) == {"label", "c"}
    assert set(model.encode(torch.rand(5, 1, 8, 8) * 2 - 1)["label"].tolist()) <= {0, 1}


def test_classes_are_learnt_and_drawn_as_asked(begin: Begin) -> None:
    # The second class is bright, the first dark.
    training = begin()
    assert training.images is not None
    images, labels = training.images.images, training.images.labels
    assert labels is not None
    images[labels == 0] //= 8
    images[labels == 1] = 255 - images[labels == 1] // 8
    for _ in range(400):
        training.advance()
    model = training.model()
    bright = [float(model.sample(20, seed=0, label=label).mean()) for label in (0, 1)]
    assert bright[1] - bright[0] > 0.3
    told = model.encode(torch.cat([torch.full((5, 1, 8, 8), -0.8), torch.full((5, 1, 8, 8), 0.8)]))
    assert told["label"].tolist() == [0] * 5 + [1] * 5


def test_a_latent_that_is_no_label_is_refused(begin: Begin) -> None:
    with pytest.raises(SpecError, match=r"losses\[1\]\.label: 'z' has no known value on real images"):
        begin(label="z")
    with pytest.raises(SpecError, match=r"losses\[1\]\.label: no latent is called 'lable'; did you mean 'label'"):
        begin(label="lable")


def test_a_code_has_one_reader(begin: Begin) -> None:
    with pytest.raises(SpecError, match=r"losses\[2\]: losses\[1\] encodes the code 'label' already"):
        begin({"type": "mutual-information", "codes": {"label": 1.0}})
