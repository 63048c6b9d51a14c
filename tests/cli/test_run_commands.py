import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result
from PIL import Image

from gan_run import GanRunError, NotFoundByName, load
from gan_run.registry.plugins import Registry

Here = Callable[..., Result]


def test_sample_writes_a_grid_and_an_array_of_the_same_images(
    here: Here, run: Path, tmp_path: Path, registry: Registry
) -> None:
    done = here("sample", run, "--n", "6", "--code", "category=2", "--seed", "5")
    assert (done.exit_code, done.stdout) == (0, "samples.png\n")
    done = here("sample", run, "--n", "6", "--code", "category=2", "--seed", "5", "--out", "deep/down.npz")
    assert (done.exit_code, done.stdout) == (0, "deep/down.npz\n")
    with np.load(tmp_path / "deep/down.npz", allow_pickle=False) as file:
        images = file["images"]
    assert (images.shape, images.dtype) == ((6, 1, 8, 8), np.uint8)
    expected = load(run, registry=registry).sample(6, seed=5, category=2)
    assert np.array_equal(images, ((expected + 1) * 127.5).round().clamp(0, 255).byte().numpy())

    # Three columns of cells of 8 pixels, each magnified 7 times, with 2 between and around.
    with Image.open(tmp_path / "samples.png") as picture:
        grid = np.asarray(picture.convert("L"))
    assert grid.shape == (2 + 2 * 58, 2 + 3 * 58)
    assert np.array_equal(grid[2:58:7, 2:58:7], images[0, 0])
    assert np.array_equal(grid[60:116:7, 118:174:7], images[5, 0])


def test_a_run_whose_name_is_nearly_right_is_suggested(here: Here, run: Path) -> None:
    done = here("sample", run.with_name("smal"))
    assert (done.exit_code, f"did you mean '{run}'?" in done.output) == (2, True), done.output
    assert "does not exist" in here("sample", "elsewhere/xyz").output


def test_sample_of_another_step_is_of_another_model(here: Here, run: Path, tmp_path: Path) -> None:
    for step in ("2", "4"):
        assert here("sample", run, "--checkpoint", step, "--out", f"{step}.npz").exit_code == 0
    with np.load(tmp_path / "2.npz") as two, np.load(tmp_path / "4.npz") as four:
        assert two["images"].shape == four["images"].shape
        assert not np.array_equal(two["images"], four["images"])
    done = here("sample", run, "--checkpoint", "3")
    assert done.exit_code == 2
    assert "has no checkpoint at step 3: there are 2, 4" in done.output


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("categry=1", "no latent is called 'categry'; did you mean 'category'?"),
        ("category=3", "category=3: 3 is not a category: they are 0 to 2"),
        ("category=-1", "category=-1: -1 is not a category: they are 0 to 2"),
        ("category=0.5", "category=0.5: 0.5 is not a category: they are 0 to 2"),
        ("category=inf", "category=inf: inf is not a category: they are 0 to 2"),
        ("category=nan", "category=nan: nan is not a category: they are 0 to 2"),
        ("z=1", "no latent is called 'z': z has 4 copies, z[0] to z[3]"),
        ("z[4]=1", "no latent is called 'z[4]': z has 4 copies, z[0] to z[3]"),
        ("c", "--code c: it is written as NAME=VALUE"),
        ("c=high", "c=high: a number is needed"),
    ],
)
def test_sample_refuses_a_code_that_is_none(here: Here, run: Path, tmp_path: Path, code: str, answer: str) -> None:
    done = here("sample", run, "--code", code)
    assert done.exit_code == 2
    assert answer in done.output
    assert not (tmp_path / "samples.png").exists()


def test_what_is_no_run_is_answered(here: Here, tmp_path: Path) -> None:
    for command in ("sample", "traverse", "evaluate"):
        done = here(command, tmp_path)
        assert done.exit_code == 2
        assert "is no run folder: it has no spec.json" in done.output


def test_traverse_writes_a_strip_for_every_code(here: Here, run: Path, tmp_path: Path) -> None:
    done = here("traverse", run, "--out", "strips", "--steps", "4", "--rows", "2")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == ["strips/traversal-category.png", "strips/traversal-c.png"]
    assert done.stderr == "model of step 4\n"
    widths = []
    for line in done.stdout.splitlines():
        with Image.open(tmp_path / line) as picture:
            widths.append(picture.width)
    assert widths[0] < widths[1]  # three categories, four steps
    one = here("traverse", run, "--code", "c", "--low", "-2", "--high", "2", "--out", "one")
    assert one.stdout.splitlines() == ["one/traversal-c.png"]


def test_strips_in_python_are_those_of_the_command(here: Here, run: Path, tmp_path: Path, registry: Registry) -> None:
    assert here("traverse", run, "--out", "strips", "--steps", "4", "--rows", "2").exit_code == 0
    model = load(run, registry=registry)
    before = torch.random.get_rng_state()
    strips = model.traverse(steps=4, rows=2)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert list(strips) == ["category", "c"]
    assert strips["c"].images.shape == (2, 4, 1, 8, 8)
    assert strips["category"].images.shape == (2, 3, 1, 8, 8)
    assert strips["category"].value_titles == ("0", "1", "2")
    for code, strip in strips.items():
        strip.save(tmp_path / f"{code}.png")
        written = (tmp_path / f"strips/traversal-{code}.png").read_bytes()
        assert (tmp_path / f"{code}.png").read_bytes() == written == strip._repr_png_()
    assert strips._repr_html_().count("<img ") == 2
    assert repr(strips["c"]) == "Strip of c: 2 rows of 4 images"
    only = model.traverse("c", low=-2, high=2, steps=4, rows=2)
    assert list(only) == ["c"]
    assert only["c"].values.tolist() == pytest.approx([-2, -2 / 3, 2 / 3, 2])
    with pytest.raises(NotFoundByName, match="did you mean 'c'"):
        model.traverse("cc")
    with pytest.raises(GanRunError, match="at least 1 row and 2 values"):
        model.traverse(steps=1)


def test_traverse_of_an_unknown_code_is_refused(here: Here, run: Path, tmp_path: Path) -> None:
    done = here("traverse", run, "--code", "cc", "--out", "strips")
    assert done.exit_code == 2
    assert "no latent is called 'cc'; did you mean 'c'?" in done.output
    assert not (tmp_path / "strips").exists()


def test_evaluate_measures_again_what_the_run_found(here: Here, run: Path) -> None:
    done = here("evaluate", run, "--json")
    assert done.exit_code == 0
    recorded = json.loads((run / "evaluation.json").read_text())
    assert json.loads(done.output) == {name: recorded[name] for name in ("step", "metrics")}
    text = here("evaluate", run)
    mean = json.loads(done.output)["metrics"][0]["found"]["mean"]
    assert [line.split() for line in text.output.splitlines()] == [
        ["after", "4", "steps"],
        ["loudness", "mean", f"{mean:.4f}", "higher", "is", "better"],
        ["in", "full:", str(run / "evaluations/step-00000004.json")],
    ]


def test_evaluate_measures_another_checkpoint_and_other_metrics(here: Here, run: Path) -> None:
    before = (run / "evaluation.json").read_bytes()
    earlier = here("evaluate", run, "--checkpoint", "2", "--json", "--set", 'metrics=[{"type": "loudness"}]')
    assert json.loads(earlier.output)["step"] == 2
    assert json.loads(earlier.output)["metrics"] != json.loads(before)["metrics"]
    nan = here("evaluate", run, "--json", "--set", "metrics[0].found=nan")
    assert json.loads(nan.output)["metrics"][0]["found"]["mean"] is None
    assert "NaN" not in nan.output
    assert (run / "evaluation.json").read_bytes() == before


def test_metrics_of_one_type_are_shown_with_the_fields_in_which_they_differ(here: Here, run: Path) -> None:
    both = [{"type": "information", "samples": samples} for samples in (100, 200)]
    shown = here("evaluate", run, "--set", f"metrics={json.dumps(both)}").output
    names = {line.split()[0] for line in shown.splitlines() if ".bound" in line}
    assert names == {"information(samples=100)", "information(samples=200)"}


def test_a_metric_finds_the_same_whichever_others_are_measured(here: Here, run: Path) -> None:
    alone = here("evaluate", run, "--json", "--set", 'metrics=[{"type": "loudness"}]')
    both = [{"type": "loudness", "every": 2}, {"type": "loudness"}]
    second = here("evaluate", run, "--json", "--set", f"metrics={json.dumps(both)}")
    assert json.loads(second.output)["metrics"][1] == json.loads(alone.output)["metrics"][0]


def test_evaluate_refuses_changes_that_it_would_not_use(here: Here, run: Path) -> None:
    done = here("evaluate", run, "--set", "artifacts=[]", "--set", "train.steps=9")
    assert done.exit_code == 2
    assert "--set artifacts, train: evaluate uses metrics, data, seed alone" in done.stderr
    assert "gan-run train --resume" in done.stderr


def test_evaluate_saves_what_it_finds_beside_what_was_found_before(here: Here, run: Path) -> None:
    file = run / "evaluations" / "step-00000004.json"
    before = json.loads(file.read_text())
    assert json.loads((run / "evaluation.json").read_text())["metrics"][0] in before["metrics"]
    for _ in range(2):  # again in its own place
        other = here("evaluate", run, "--json", "--set", 'metrics=[{"type": "loudness", "every": 3}]')
        found = json.loads(other.output)["metrics"]
        written = json.loads(file.read_text())
        assert (written["step"], written["metrics"]) == (4, [*before["metrics"], *found])


@pytest.mark.parametrize(
    ("override", "answer"),
    [
        ('metrics=[{"type": "cluster-accuracy", "code": "categry"}]', "metrics[0].code: no latent is called 'categry'"),
        ('metrics=[{"type": "loudnes"}]', "metrics[0].type: no metric is called 'loudnes'; did you mean 'loudness'?"),
        ("metrics[0].every=0", "metrics[0].every: it has to be at least 1"),
    ],
)
def test_evaluate_answers_a_mistake_with_its_place(here: Here, run: Path, override: str, answer: str) -> None:
    done = here("evaluate", run, "--set", override)
    assert done.exit_code == 2
    assert answer in done.output
