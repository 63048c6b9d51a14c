"""The suites catch what they are there to catch: each mistake fails the test that is named for it."""

import importlib
import math
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from gan_run import (
    Batch,
    Callback,
    DataInfo,
    DeclaredCallback,
    Features,
    Feed,
    FeedContext,
    Generator,
    ImageSet,
    ImageShape,
    LatentContext,
    LatentModule,
    LatentSpace,
    Loss,
    LossContext,
    LossTerm,
    PluginError,
    SpecError,
    StepLogged,
    StyledGenerator,
    Trunk,
    TrunkModule,
    UpdateContext,
    to_float,
)
from gan_run.plugins.latents.standard.uniform import Uniform, UniformModule
from gan_run.testing import CallbackSuite, DataSourceSuite, GeneratorSuite, LatentSuite, LossSuite, TrunkSuite
from gan_run.testing.game import Noise, small_spec


class Sampled(Uniform):
    """Samples from wherever it should not."""

    type: Literal["sampled"] = "sampled"  # type: ignore[assignment]  # another name
    by: Literal["python", "seed", "own", "nothing"]

    def build(self, context: LatentContext) -> LatentModule:
        return SampledModule(self)


class SampledModule(UniformModule):
    def __init__(self, declared: Sampled) -> None:
        super().__init__(declared)
        self._by = declared.by
        self._stream = torch.Generator()

    def sample(self, n: int) -> Tensor:
        if self._by == "python":
            return torch.tensor([random.uniform(-1, 1) for _ in range(n)])
        if self._by == "seed":
            torch.manual_seed(0)
            return super().sample(n)
        if self._by == "own":
            return torch.rand(n, generator=self._stream)
        return torch.zeros(n)


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("python", "it uses Python's random"),
        ("seed", "it seeds torch's global generator"),
        ("own", "the same seed gives other values"),
        ("nothing", "every draw gives the same values"),
    ],
)
def test_a_sampler_that_does_not_draw_from_torchs_stream(by: Literal["python"], message: str) -> None:
    suite = LatentSuite()
    suite.component = Sampled(by=by)
    with pytest.raises(AssertionError, match=message):
        suite.test_it_is_sampled_from_torchs_stream_alone(7)


class TooWide(Uniform):
    """Wants a number of Q that it makes no use of."""

    type: Literal["too-wide"] = "too-wide"  # type: ignore[assignment]

    def build(self, context: LatentContext) -> LatentModule:
        module = TooWideModule(self)
        module.posterior_width += 1
        return module


class TooWideModule(UniformModule):
    def log_likelihood(self, params: Tensor, value: Tensor) -> Tensor:
        return super().log_likelihood(params[..., :1], value)


def test_a_posterior_that_is_wider_than_it_uses() -> None:
    suite = LatentSuite()
    suite.component = TooWide()
    with pytest.raises(AssertionError, match="is posterior_width too large"):
        suite.test_its_likelihood_has_a_gradient_in_every_posterior_parameter()


class Wide(Uniform):
    """Its posterior keeps the standard deviation 1, whatever Q recovers."""

    type: Literal["wide"] = "wide"  # type: ignore[assignment]

    def build(self, context: LatentContext) -> LatentModule:
        return WideModule(self)


class WideModule(UniformModule):
    refit_scale = LatentModule.refit_scale


def test_a_posterior_whose_scale_is_not_refitted() -> None:
    suite = LatentSuite()
    suite.component = Wide()
    with pytest.raises(AssertionError, match="override `refit_scale`"):
        suite.test_the_scale_of_its_posterior_is_learnt_or_refitted()


class Unsure(Uniform):
    """Gives the entropy of another interval."""

    type: Literal["unsure"] = "unsure"  # type: ignore[assignment]

    def build(self, context: LatentContext) -> LatentModule:
        return UnsureModule(self)


class UnsureModule(UniformModule):
    def entropy(self) -> Tensor:
        return super().entropy() + 0.2


def test_an_entropy_that_is_not_that_of_the_samples() -> None:
    suite = LatentSuite()
    suite.component = Unsure()
    with pytest.raises(AssertionError, match=r"0\.6[89]\d nats in 20,000 samples"):
        suite.test_its_entropy_is_that_of_its_samples()


class Careless(Loss):
    """A loss with one of several mistakes."""

    type: Literal["careless"] = "careless"
    mistake: Literal["onlooker", "untrained", "forgetful", "seeds"]

    def build(self, context: LossContext) -> LossTerm:
        return CarelessTerm(self.mistake, context)


class CarelessTerm(LossTerm):
    def __init__(self, mistake: str, context: LossContext) -> None:
        super().__init__()
        self._mistake = mistake
        self._calls = 0
        self.layer = nn.Linear(context.discriminator.trunk.features, 1)

    def trained_by(self) -> Mapping[str, nn.Module]:
        return {"discriminator": self.layer}

    def has_objective_for(self, player: str) -> bool:
        return self._mistake != "onlooker" and super().has_objective_for(player)

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        self._calls += 1
        if self._mistake == "seeds":
            torch.manual_seed(1)
        vector = update.fake_output.features.vector
        if self._mistake == "untrained":
            return vector.mean()
        return torch.as_tensor(self.layer(vector)).square().mean() * (
            self._calls if self._mistake == "forgetful" else 1
        )


@pytest.mark.parametrize(
    ("mistake", "test", "message"),
    [
        ("seeds", "test_its_values_are_finite_and_a_player_minimises_it", "it seeds torch's"),
        ("untrained", "test_every_parameter_it_adds_is_trained", "no player changes .*layer.weight"),
    ],
)
def test_a_careless_loss(mistake: Literal["onlooker"], test: str, message: str) -> None:
    suite = LossSuite()
    suite.component = Careless(mistake=mistake)
    with pytest.raises(AssertionError, match=message):
        getattr(suite, test)()


def test_a_loss_without_an_objective() -> None:
    suite = LossSuite()
    suite.component = Careless(mistake="onlooker")
    with pytest.raises(PluginError, match=r"careless has no objective: .*\(discriminator_loss, generator_loss\)"):
        suite.test_its_values_are_finite_and_a_player_minimises_it()


def test_a_loss_that_remembers_what_no_checkpoint_holds(tmp_path: object) -> None:
    suite = LossSuite()
    suite.component = Careless(mistake="forgetful")
    with pytest.raises(AssertionError, match="state must be in buffers"):
        suite.test_a_resumed_run_equals_an_uninterrupted_one(tmp_path)  # type: ignore[arg-type]


class Wrong(Noise):
    """Has one image less than it describes, or labels of another type."""

    type: Literal["wrong"] = "wrong"  # type: ignore[assignment]
    mistake: Literal["count", "labels"]

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        images = super().load(split)
        if self.mistake == "count":
            return images.split_off(1)[0]
        return ImageSet(images.images, {**images.columns, "label": (torch.arange(images.count) % 3).int()})


def test_a_source_that_is_not_as_it_describes() -> None:
    suite = DataSourceSuite()
    suite.component = Wrong(mistake="count")
    with pytest.raises(PluginError, match="it has 29 images, and not 30"):
        suite.test_its_splits_match_its_description()


def test_a_failed_assertion_of_a_suite_shows_the_values() -> None:
    suite = DataSourceSuite()
    suite.component = Wrong(mistake="labels")
    with pytest.raises(PluginError, match=r"'label' values of type torch\.int32, and not torch\.int64"):
        suite.test_its_splits_match_its_description()


class Flow(Noise):
    """A stream of noise with one of several mistakes."""

    type: Literal["flow"] = "flow"  # type: ignore[assignment]  # another name
    mistake: Literal["none", "forgets", "differs", "global", "changes", "whole", "stateless"] = "none"

    def describe(self) -> DataInfo:
        return DataInfo(ImageShape(*self.image), {})

    def feed(self, context: FeedContext) -> Feed:
        return StatelessFeed(context, self.mistake) if self.mistake == "stateless" else FlowFeed(context, self.mistake)


class StatelessFeed(Feed):
    opened = 0

    def __init__(self, context: FeedContext, mistake: str) -> None:
        self.context, self.mistake = context, mistake
        self.position = torch.zeros((), dtype=torch.int64)
        StatelessFeed.opened += 1
        self.seed = StatelessFeed.opened if mistake == "differs" else 0

    def batch(self, number: int) -> Batch:
        stream = torch.Generator().manual_seed(int(self.position) + self.seed)
        self.position += 1
        chosen = torch.default_generator if self.mistake == "global" else stream
        shape = (self.context.batch_size, *self.context.data.image)
        pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=chosen)
        batch = self.context.batch(pixels)
        return Batch(to_float(pixels), {}) if self.mistake == "whole" else batch


class FlowFeed(StatelessFeed):
    def state(self) -> dict[str, Tensor]:
        return {"position": self.position if self.mistake == "changes" else self.position.clone()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        if self.mistake != "forgets":
            self.position = state["position"]


@pytest.mark.parametrize(
    ("mistake", "test", "message"),
    [
        ("differs", "when_it_is_opened_again", "batch 0 is another one when the feed is opened again: see its images"),
        ("global", "when_it_is_opened_again", "its feed draws from torch's global generator"),
        ("forgets", "continues_where_a_run_was_interrupted", "batch 2 is another one after an interruption"),
        ("changes", "continues_where_a_run_was_interrupted", "batch 2 is another one after an interruption"),
        ("whole", "gives_each_process_its_rows", "batch 0 is another one if two processes share it"),
        ("stateless", "when_it_is_opened_again", "flow is a stream that saves no position"),
    ],
)
def test_a_stream_that_differs(
    mistake: Literal["forgets", "differs", "global", "changes", "whole", "stateless"], test: str, message: str
) -> None:
    suite = DataSourceSuite()
    (name,) = [name for name in dir(suite) if test in name]
    suite.component = Flow()
    getattr(suite, name)()
    suite.component = Flow(mistake=mistake)
    with pytest.raises((AssertionError, SpecError), match=message):
        getattr(suite, name)()


def test_a_stream_that_is_declared_to_begin_anew_passes() -> None:
    suite = DataSourceSuite()
    suite.component = Flow(mistake="stateless", restart=True)
    suite.test_its_feed_gives_the_same_batches_when_it_is_opened_again()
    with pytest.raises(pytest.skip.Exception):
        suite.test_its_feed_continues_where_a_run_was_interrupted()


class Coupled(Trunk):
    """Says nothing of its batch norm."""

    type: Literal["coupled"] = "coupled"

    def build(self, image: ImageShape) -> TrunkModule:
        return CoupledModule(image)


class CoupledModule(TrunkModule):
    def __init__(self, image: ImageShape) -> None:
        super().__init__()
        self.features = 4
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(image.height * image.width, 4), nn.BatchNorm1d(4))

    def forward(self, images: Tensor) -> Features:
        return Features(self.layers(images))


def test_a_trunk_that_hides_its_batch_norm() -> None:
    suite = TrunkSuite()
    suite.component = Coupled()
    with pytest.raises(AssertionError, match="uses_batch_statistics says no, but there is a batch norm"):
        suite.test_it_declares_whether_it_uses_batch_statistics()


class Styleless(Generator):
    """Has styles and says nothing of them."""

    type: Literal["styleless"] = "styleless"

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        return StylelessModule(latents.width, image)


class StylelessModule(StyledGenerator):
    def __init__(self, width: int, image: ImageShape) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, math.prod(image)), nn.Unflatten(1, tuple(image)))

    def styles(self, embedded: Tensor) -> Tensor:
        return embedded

    def synthesize(self, styles: Tensor) -> Tensor:
        images = self.layers(styles)
        assert isinstance(images, Tensor)
        return images


def test_a_generator_that_hides_its_styles() -> None:
    suite = GeneratorSuite()
    suite.component = Styleless()
    with pytest.raises(AssertionError, match="has_styles says otherwise"):
        suite.test_it_declares_whether_it_has_styles()


class Meddles(DeclaredCallback):
    """A callback with one of several mistakes."""

    type: Literal["meddles"] = "meddles"
    mistake: Literal["fails", "changes the model", "repeats", "shared"]

    def build(self) -> Callback:
        return SHARED if self.mistake == "shared" else Meddler(self.mistake)


class Meddler(Callback):
    def __init__(self, mistake: str) -> None:
        self._mistake = mistake

    def step_logged(self, event: StepLogged) -> None:
        if self._mistake == "fails":
            raise ConnectionError("no route")
        if self._mistake == "changes the model":
            for encoder in event.model()._encoders:
                for parameter in encoder.parameters():
                    parameter.zero_()
        if self._mistake == "repeats":
            (event.folder / f"step-{event.step}").mkdir()


SHARED = Meddler("shared")


@pytest.mark.parametrize(
    ("mistake", "test", "message"),
    [
        ("fails", "test_a_run_with_it_ends_like_one_without_it", "Meddler failed in step_logged: .* no route"),
        (
            "repeats",
            "test_a_run_with_it_may_be_interrupted_and_repeats_steps",
            "failed in step_logged: FileExistsError",
        ),
        ("changes the model", "test_a_run_with_it_ends_like_one_without_it", "cluster-accuracy"),
        ("shared", "test_each_build_gives_a_callback_of_its_own", "in its initial state"),
    ],
)
def test_a_callback_that_meddles(
    mistake: Literal["fails", "changes the model", "repeats", "shared"], test: str, message: str, tmp_path: Path
) -> None:
    suite = CallbackSuite()
    suite.component = Meddles(mistake=mistake)
    arguments = () if mistake == "shared" else (tmp_path,)
    with pytest.raises((AssertionError, UserWarning), match=message):
        getattr(suite, test)(*arguments)


SIBLINGS = """
from typing import Literal

from torch import Tensor, nn

from gan_run import Component, Features, Head, HeadModule, LatentSpace, Loss, LossContext, LossTerm, TrunkModule
from gan_run import UpdateContext, Values, hookimpl


class Square(Head):
    \"\"\"Squares.\"\"\"

    type: Literal["square"] = "square"

    def build(self, trunk: TrunkModule, latents: LatentSpace) -> HeadModule:
        return SquareModule()


class SquareModule(HeadModule):
    def forward(self, features: Features, condition: Values) -> Tensor:
        return features.vector.square().sum(1)


class Wide(Loss):
    \"\"\"Needs the head beside it.\"\"\"

    type: Literal["wide"] = "wide"

    def build(self, context: LossContext) -> LossTerm:
        return WideTerm()


class WideTerm(LossTerm):
    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return update.real_output.logits.mean()


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Square, Wide]
"""


def test_a_suite_knows_the_other_components_of_the_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "squares.py").write_text(SIBLINGS)
    monkeypatch.syspath_prepend(tmp_path)
    wide = importlib.import_module("squares").Wide()
    judge = {"trunk": {"type": "mlp", "hidden": [4]}, "head": {"type": "square"}}
    spec = small_spec(wide, {"losses": [{"type": "hinge"}, wide], "discriminator": judge})
    assert spec.discriminator.head.name() == "square"
