from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from gan_run import Columns, Features, Latent, LatentContext, LatentModule, TrunkModule, UpdateContext
from gan_run.core.engine.training import Training
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.plugins.latents.standard.categorical import CategoricalModule
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.networks.heads.linear import LinearModule

Start = Callable[..., Training]


def turn_of(training: Training, **changes: object) -> UpdateContext:
    game = training.game
    values = game.latents.sample(3)
    fields: dict[str, object] = {
        "real": torch.rand(3, 1, 8, 8) * 2 - 1,
        "columns": {"label": torch.tensor([0, 1, 0])},
        "latents": values,
        "fake": None,
        "extra": {},
        "terms": (),
    }
    return UpdateContext(game.stack, game.discriminator, UpdateInputs(**{**fields, **changes}))  # type: ignore[arg-type]


class Counting(nn.Module):
    """Counts how often what it wraps is run."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.calls = 0

    def forward(self, *inputs: object) -> object:
        self.calls += 1
        return self.inner(*inputs)

    def see(self, images: Tensor, condition: object) -> object:
        return self(images)


def test_each_part_of_a_turn_is_computed_once_on_first_use(start: Start) -> None:
    training = start()
    trunk, head, generator = (
        Counting(part)
        for part in (training.game.discriminator.trunk, training.game.discriminator.head, training.game.stack.generator)
    )
    training.game.discriminator.trunk, training.game.discriminator.head = trunk, head  # type: ignore[assignment]
    training.game.stack.generator = generator
    update = turn_of(training)
    assert (trunk.calls, head.calls, generator.calls) == (0, 0, 0)
    for _ in range(2):
        assert update.fake.shape == (3, 1, 8, 8)
        assert update.fake_output.logits.shape == (3,)
        assert update.fake_output.features.vector.shape == (3, 10)
    assert (trunk.calls, head.calls, generator.calls) == (1, 1, 1)
    for _ in range(2):
        assert update.real_output.features.vector.shape == (3, 10)
    assert (trunk.calls, head.calls, generator.calls) == (2, 1, 1)


def test_fakes_are_made_from_the_turns_latents(start: Start) -> None:
    training = start()
    update = turn_of(training)
    assert torch.equal(update.fake, training.game.stack(update.latents))
    assert torch.equal(update.fake_output.images, update.fake)


def test_fakes_that_were_made_outside_are_taken_as_they_are(start: Start) -> None:
    fake = torch.zeros(3, 1, 8, 8)
    assert turn_of(start(), fake=fake).fake is fake


def test_a_view_of_fakes_has_the_latents_as_its_condition(start: Start) -> None:
    update = turn_of(start())
    assert update.fake_output.condition is update.latents


def test_the_output_of_real_images_has_no_condition_where_no_latent_observes_a_column(start: Start) -> None:
    assert turn_of(start()).real_output.condition == {}


class LabelModule(CategoricalModule):
    def observe(self, columns: Columns) -> Tensor | None:
        return columns["label"] + 1 if columns else None


class Label(Latent):
    type: Literal["label"] = "label"

    def build(self, context: LatentContext) -> LatentModule:
        return LabelModule(4)


def test_the_output_of_real_images_has_what_columns_determine_of_the_latents(start: Start) -> None:
    training = start(latents={"label": Label(), "z": Uniform(count=2)}, losses=[NonSaturating()])
    condition = turn_of(training).real_output.condition
    assert set(condition) == {"label"}
    assert condition["label"].tolist() == [1, 2, 1]
    assert turn_of(training, columns={}).real_output.condition == {}


def test_a_turn_generates_and_looks_at_anything_else_too(start: Start) -> None:
    training = start()
    update = turn_of(training)
    category = torch.tensor([1, 1])
    values = update.sample_latents(2, {"category": category})
    assert values["category"] is category
    assert values["z"].shape == (2, 3)
    images = update.generate(values)
    assert torch.equal(images, training.game.stack(values))
    assert update.discriminate(images).condition == {}
    assert torch.equal(
        update.discriminate(images, values).logits,
        training.game.discriminator.head(training.game.discriminator.trunk(images), values),
    )


def test_reports_and_probes_belong_to_the_term_that_speaks(start: Start) -> None:
    first, second = torch.zeros(1), torch.ones(1)
    update = turn_of(start(), extra={"a/x": first, "b/x": second})
    with update.for_term("a"):
        assert update.extra_input("x") is first
        update.report("n", torch.tensor(1.0, requires_grad=True))
    with update.for_term("b"):
        assert update.extra_input("x") is second
        update.report("n", torch.tensor(2.0))
    assert {term: {name: value.item() for name, value in of.items()} for term, of in update.reports.items()} == {
        "a": {"n": 1.0},
        "b": {"n": 2.0},
    }
    assert not update.reports["a"]["n"].requires_grad


def test_logits_are_full_precision_under_autocast(start: Start) -> None:
    update = turn_of(start())
    with torch.autocast("cpu", torch.bfloat16):
        assert update.fake_output.features.vector.dtype == torch.bfloat16
        assert update.fake_output.logits.dtype == torch.float32
        assert update.fake.dtype == torch.float32


class InFloat32(TrunkModule):
    """A trunk that runs outside autocast."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def forward(self, images: Tensor) -> Features:
        with torch.autocast("cpu", enabled=False):
            return Features(self.layer(images.flatten(1)).tanh())


def test_large_logits_are_told_apart_under_autocast(start: Start) -> None:
    training = start()
    head = training.game.discriminator.head
    assert isinstance(head, LinearModule)
    with torch.no_grad():
        head.layer.weight.normal_()
        head.layer.bias.fill_(100.0)
    update = turn_of(training, real=torch.rand(64, 1, 8, 8) * 2 - 1)
    with torch.autocast("cpu", torch.bfloat16):
        logits = update.real_output.logits
    assert len(logits.unique()) == 64


def test_gradients_at_images_are_taken_in_full_precision_under_autocast(start: Start) -> None:
    training = start()
    training.game.discriminator.trunk = InFloat32()  # type: ignore[assignment]
    real = (torch.rand(3, 1, 8, 8) * 2 - 1).requires_grad_()
    expected = turn_of(training, real=real).real_output.gradients
    with torch.autocast("cpu", torch.bfloat16):
        found = turn_of(training, real=real).real_output.gradients
    assert torch.equal(found, expected)


def test_what_likelihoods_are_made_of_is_in_full_precision_under_autocast(start: Start) -> None:
    training = start()
    (encoder,) = training.game.encoders()
    update = turn_of(training, fake=torch.rand(64, 1, 8, 8) * 2 - 1, latents=training.game.latents.sample(64))
    with torch.no_grad():
        for parameter in list(encoder.parameters())[-1:]:
            parameter.fill_(100.0)  # the bias
    with torch.autocast("cpu", torch.bfloat16):
        params = encoder(update.fake_output)
    assert params["c"].dtype == torch.float32
    assert len(params["c"].unique()) == 64
