"""What `gan-run check` refuses or warns of once it has built a spec, and what training says of it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from click.testing import Result
from torch import Tensor

from gan_run import Loss, LossContext, LossTerm, RunOptions, SpecError, UpdateContext, load, read_spec, train
from gan_run.core.base import memory
from gan_run.core.run.dry_run import Report, dry_run
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]
ALONE = "no loss compares generated images with real ones"
INFORMATION = {"type": "mutual-information", "codes": {"c": 1.0}}


class Own(Loss):
    """An adversarial loss that asks for D's outputs itself."""

    type: Literal["own"] = "own"

    def build(self, context: LossContext) -> LossTerm:
        return OwnTerm()


class OwnTerm(LossTerm):
    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return (update.discriminate(update.fake).logits - update.discriminate(update.real).logits).mean()

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return -update.discriminate(update.fake).logits.mean()


class Unaugmented(Own):
    type: Literal["unaugmented"] = "unaugmented"  # type: ignore[assignment]

    def build(self, context: LossContext) -> LossTerm:
        return UnaugmentedTerm()


class UnaugmentedTerm(LossTerm):
    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return (update.fake_output.unaugmented.logits - update.real_output.unaugmented.logits).mean()

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return -update.fake_output.unaugmented.logits.mean()


class Misspelt(Own):
    type: Literal["misspelt"] = "misspelt"  # type: ignore[assignment]

    def build(self, context: LossContext) -> LossTerm:
        return MisspeltTerm()


class MisspeltTerm(OwnTerm):
    def discriminater_loss(self, update: UpdateContext) -> Tensor:
        return update.real_output.logits.mean()


class Foreign(Misspelt):
    type: Literal["foreign"] = "foreign"  # type: ignore[assignment]

    def build(self, context: LossContext) -> LossTerm:
        return ForeignTerm()


class ForeignTerm(OwnTerm):
    def critic_loss(self, update: UpdateContext) -> Tensor:
        return update.real_output.logits.mean()


@pytest.fixture
def checked(small: Small, registry: Registry) -> Callable[..., Report]:
    def check(*overrides: str, **fields: object) -> Report:
        return dry_run(
            read_spec(small(**fields), overrides, registry, components=[Own, Unaugmented, Misspelt, Foreign])
        )

    return check


Checked = Callable[..., Report]


def problem(checked: Checked, *overrides: str, **fields: object) -> str:
    with pytest.raises(SpecError) as caught:
        checked(*overrides, **fields)
    return str(caught.value.problems[0])


@pytest.mark.parametrize(
    "losses",
    [
        [INFORMATION],
        [INFORMATION, {"type": "r1"}, {"type": "r2"}],
        [INFORMATION, {"type": "gradient-penalty"}],
        [INFORMATION, {"type": "lecam"}, {"type": "feature-matching"}],
        [{"type": "non-saturating", "weight": 0}, INFORMATION],
        [{"type": "non-saturating", "weight": {"type": "constant", "value": 0}}, INFORMATION],
    ],
)
def test_losses_that_compare_nothing_with_real_images_are_warned_of(checked: Checked, losses: object) -> None:
    (warning,) = checked(losses=losses).warnings
    assert warning.startswith(ALONE)


@pytest.mark.parametrize(
    "losses",
    [
        [{"type": "own"}],
        [{"type": "hinge"}],
        [{"type": "relativistic"}, INFORMATION, {"type": "r1"}],
        [{"type": "wasserstein", "weight": {"type": "linear", "start": 0, "end": 1}}],
    ],
)
def test_games_are_not_warned_of(checked: Checked, losses: object) -> None:
    assert checked(losses=losses).warnings == []


def test_a_game_on_images_without_augmentation_is_not_warned_of(checked: Checked) -> None:
    override = 'discriminator.augment=[{"type": "diffaugment"}]'
    assert checked(override, losses=[{"type": "unaugmented"}]).warnings == []


def test_training_says_in_a_line_that_nothing_is_compared(here: Callable[..., Result], write_spec: Any) -> None:
    done = here(write_spec(losses=[INFORMATION]))
    assert done.exit_code == 0
    assert done.output.count(ALONE) == 1
    assert ALONE not in here(write_spec(name="other")).output


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"losses[0].weight": "-1"}, "losses[0].weight: -1: a weight cannot be negative"),
        ({"losses[1].weight": "-1e-9"}, "losses[1].weight: -1e-09: a weight cannot be negative"),
        (
            {"losses[0].weight": '{"type": "linear", "start": 1, "end": -1}'},
            "losses[0].weight: -0.333333 at step 4: a weight cannot be negative",
        ),
        ({"losses[0].weight": '{"type": "constant", "value": -2}'}, "losses[0].weight: -2 at step 0: a weight"),
        ({"losses[1].codes.c": "-1"}, "losses[1].codes.c: it has to be greater than 0, not -1"),
        (
            {"optimizers.generator.lr": '{"type": "cosine", "start": 1, "end": -1}'},
            "optimizers.generator.lr: -0.5 at step 4: a learning rate cannot be negative",
        ),
        (
            {"optimizers.generator.betas[0]": '{"type": "constant", "value": 1}'},
            "optimizers.generator.betas[0]: 1 at step 0 is no decay",
        ),
        ({"train.ema": '{"type": "constant", "value": 1.5}'}, "train.ema: 1.5 at step 0 is no decay"),
        ({"train.ema": '{"half_life": -1}'}, "train.ema.half_life: -1: a half-life cannot be negative"),
        (
            {"losses[0]": '{"type": "least-squares", "fake_target": 1}'},
            "losses[0].real_target: it is fake_target too: D would have nothing to tell apart",
        ),
        (
            {"losses[0]": '{"type": "least-squares", "generator_target": 0}'},
            "losses[0].generator_target: it is fake_target too: G would want what D gives its images anyway",
        ),
    ],
)
def test_numbers_that_cannot_be_meant_are_placed(checked: Checked, changes: Mapping[str, str], message: str) -> None:
    assert problem(checked, *(f"{place}={value}" for place, value in changes.items())).startswith(message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizers.discriminator.lr": "1e30"}, "losses[0]: in step 1 the loss generator/non-saturating is "),
        ({"optimizers.generator.lr": "1e300"}, "optimizers.generator: step 1 leaves weights of the generator that are"),
        ({"losses[0].weight": "1e38", "losses[1].weight": "1e39"}, "losses: in step 1 the weighted sum of the "),
    ],
)
def test_a_first_step_that_is_not_finite_is_refused(checked: Checked, changes: Mapping[str, str], message: str) -> None:
    found = problem(checked, *(f"{place}={value}" for place, value in changes.items()))
    assert found.startswith(message)
    assert found.endswith("try a smaller learning rate, a smaller weight of the loss, or train.clip")


def test_a_step_that_is_finite_and_too_long_is_warned_of(checked: Checked) -> None:
    (warning,) = checked("optimizers.generator.lr=1e30").warnings
    assert warning.startswith("one step leaves weights of the generator of up to 1e+30: try a smaller learning rate")


def test_a_method_that_no_player_calls_is_refused_if_it_is_misspelt_and_else_warned_of(checked: Checked) -> None:
    with pytest.raises(ValueError, match=r"has a method discriminater_loss, .* did you mean 'discriminator_loss'\?"):
        checked(losses=[{"type": "misspelt"}])
    with pytest.warns(UserWarning, match="has a method critic_loss, and no player 'critic' that would call it"):
        checked(losses=[{"type": "foreign"}])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimizers.discriminaters={}", "did you mean 'adam'|expected"),
        ('optimizers.discriminaters={"type": "adam", "lr": 1}', "did you mean 'discriminator'"),
        ("train.updates.generatr=2", "did you mean 'generator'"),
        ("losses[1].codes.categry=1", "did you mean 'category'"),
        ("losses[1].q_player=generatr", "did you mean 'generator'"),
        ('train.keep_best={"metric": "loudnes", "number": "mean"}', "did you mean 'loudness'"),
        ('train.keep_best={"metric": "information", "number": "codes.category.bond"}', "codes.*.bound"),
        ('train.keep_best={"metric": "information", "number": "codes.categry.bound"}', "did you mean 'category'"),
        ('artifacts=[{"type": "traversal", "codes": ["categry"]}]', "did you mean 'category'"),
        ('artifacts=[{"type": "samples", "code": "categry"}]', "did you mean 'category'"),
        ('latents.kid={"type": "child", "classes": 2, "parent": "categry"}', "did you mean 'category'"),
        ("train.device=cup", "did you mean 'cpu'"),
        ("train.init_from=smal", "did you mean .*/small"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_nearest(
    checked: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, override: str, message: str
) -> None:
    (tmp_path / "small").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        checked(override, metrics=[{"type": "loudness", "every": 2}, {"type": "information", "every": 2}])


def test_a_misspelt_sampling_option_is_placed(checked: Checked) -> None:
    override = 'artifacts=[{"type": "samples", "options": {"truncaton": 0.7}}]'
    place = "artifacts[0].options.truncaton: the generator has no sampling option 'truncaton'"
    assert problem(checked, override) == f"{place} (there is: nothing)"
    found = problem(checked, override, generator={"type": "style", "width": 0.02})
    assert found == f"{place}; did you mean 'truncation'? (there is: truncation)"


@pytest.mark.parametrize(
    "override",
    [
        "train.batch_size=2147483648",
        "train.batch_size=9223372036854775807",
        "latents.category.classes=1000000000000",
        "losses[1].hidden=1000000000000",
        "generator.width=1e12",
        "generator.width=1e300",
        "discriminator.trunk.hidden=[1000000,1000000]",
    ],
)
def test_what_cannot_fit_into_memory_is_refused_with_the_field(checked: Checked, override: str) -> None:
    place = override.partition("=")[0]
    found = problem(checked, override)
    assert found.startswith(place)
    assert "of memory, and" in found


def test_a_batch_whose_features_do_not_fit_is_refused(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_run.core.run.enough_memory.available_memory", lambda device: 10_000_000)
    assert checked().warnings == []
    overrides = ("train.batch_size=4000", "discriminator.trunk.hidden=[1000]")
    assert problem(checked, *overrides).startswith("train.batch_size: with 4000 here, training takes at least ")


def test_errors_of_allocation_become_one_line() -> None:
    for size in (2**40, 2**62, 2**63, 10**30):
        with pytest.raises(ValueError, match="building: there is not enough memory"), memory.enough_memory("building"):
            torch.empty(size, 8)
    with pytest.raises(ValueError, match="nested too deep"), memory.enough_memory("building"):
        raise RecursionError
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"), memory.enough_memory("building"):
        torch.ones(2, 3) @ torch.ones(2, 3)


def test_the_memory_of_the_machine_is_that_of_its_control_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu = torch.device("cpu")
    (tmp_path / "info").write_text("MemTotal: 9000 kB\nMemAvailable: 5000 kB\n", encoding="ascii")
    (tmp_path / "max").write_text("4096000\n", encoding="ascii")
    (tmp_path / "current").write_text("96000\n", encoding="ascii")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "info")
    monkeypatch.setattr(memory, "CGROUP_FILES", ((tmp_path / "max", tmp_path / "current"),))
    assert memory.available_memory(cpu) == 4_000_000
    (tmp_path / "max").write_text("max\n", encoding="ascii")
    assert memory.available_memory(cpu) == 5000 * 1024
    (tmp_path / "info").unlink()
    assert memory.available_memory(cpu) is None


def test_bytes_are_shown_in_units() -> None:
    shown = [memory.show_bytes(count) for count in (0, 999, 1000, 1.5e9, 1e15, 1e24)]
    assert shown == ["0 bytes", "999 bytes", "1.0 kB", "1.5 GB", "1.0 PB", "1000000.0 EB"]


def test_a_run_that_was_trained_with_a_negative_weight_is_loaded_still(
    small: Small, registry: Registry, tmp_path: Path
) -> None:
    run = train(small(), tmp_path, options=RunOptions(notify=lambda text: None, registry=registry))
    (run / "environment.json").unlink()  # as a version before digests has left it
    spec = json.loads((run / "spec.json").read_text(encoding="utf-8"))
    spec["losses"][1]["weight"] = -1.0
    (run / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    assert load(run, registry=registry).sample(2).shape == (2, 1, 8, 8)
