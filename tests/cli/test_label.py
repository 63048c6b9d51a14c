import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

import gan_run as front_door

Here = Callable[..., Result]


@pytest.fixture
def labelled(run: Path, tmp_path: Path) -> Path:
    """A copy of the run, which a test may label."""
    return Path(shutil.copytree(run, tmp_path / "runs" / "small"))


def images(here: Here, run: Path, *codes: str) -> "np.ndarray":
    done = here("sample", run, "--n", "4", "--out", "x.npz", *(word for code in codes for word in ("--code", code)))
    assert done.exit_code == 0, done.stderr
    with np.load(run.parents[1] / "x.npz") as arrays:
        return arrays["images"]


def test_a_code_goes_by_the_name_it_was_given(here: Here, labelled: Path) -> None:
    plain = images(here, labelled, "c=0.5", "category=1")
    done = here("label", labelled, "c=slant", "category=kind", "category#1=seven")
    assert done.exit_code == 0, done.stderr
    written = json.loads((labelled / "labels.json").read_text())
    assert written == {"codes": {"c": {"name": "slant"}, "category": {"name": "kind", "values": {"1": "seven"}}}}
    assert json.loads(done.stdout) == written
    for codes in (("slant=0.5", "kind=seven"), ("c=0.5", "category=#1"), ("slant=0.5", "category=1")):
        assert (images(here, labelled, *codes) == plain).all()
    assert not (images(here, labelled, "slant=0.5", "category=2") == plain).all()


def test_names_add_up_and_are_printed_without_any_new(here: Here, labelled: Path) -> None:
    assert here("label", labelled, "c=slant").exit_code == 0
    assert here("label", labelled, "category=kind").exit_code == 0
    assert json.loads(here("label", labelled).stdout) == {
        "codes": {"c": {"name": "slant"}, "category": {"name": "kind"}}
    }


def test_categories_are_named_by_the_classes_they_are_matched_to(here: Here, labelled: Path, registry) -> None:
    done = here("label", labelled, "category", "--from-data")
    assert done.exit_code == 0, done.stderr
    values = json.loads((labelled / "labels.json").read_text())["codes"]["category"]["values"]
    names = json.loads((labelled / "data.json").read_text())["columns"]["label"]["names"]
    assert 1 <= len(values) <= len(names)
    assert set(values.values()) <= set(names)
    assert len(set(values.values())) == len(values)
    (number, name), *_ = values.items()
    model = front_door.load(labelled, registry=registry)
    by_label, by_number = (model.sample(3, seed=1, category=value) for value in (name, float(number)))
    assert (by_label == by_number).all()


def test_strips_are_drawn_under_either_name(here: Here, labelled: Path, tmp_path: Path) -> None:
    assert here("label", labelled, "c=slant").exit_code == 0
    done = here("traverse", labelled, "--code", "slant", "--out", "strips")
    assert done.exit_code == 0, done.stderr
    assert [path.name for path in (tmp_path / "strips").iterdir()] == ["traversal-c.png"]


def test_one_copy_is_drawn_under_its_label(here: Here, write_spec: Callable[..., Path], tmp_path: Path) -> None:
    latents = {"z": {"type": "gaussian"}, "c": {"type": "uniform", "count": 2}}
    losses = [{"type": "non-saturating"}, {"type": "mutual-information", "codes": {"c": 1.0}}]
    assert here(write_spec(name="two", latents=latents, losses=losses, train={"steps": 1})).exit_code == 0
    labelled = tmp_path / "runs" / "two"
    assert here("label", labelled, "c[1]=slant").exit_code == 0
    done = here("traverse", labelled, "--code", "slant", "--out", "strips")
    assert done.exit_code == 0, done.stderr
    assert [path.name for path in (tmp_path / "strips").iterdir()] == ["traversal-c-1.png"]


def test_a_label_changes_nothing_that_training_goes_by(
    here: Here, labelled: Path, write_spec: Callable[..., Path]
) -> None:
    assert here("label", labelled, "c=slant").exit_code == 0
    assert "is finished: nothing to do" in here(write_spec({"steps": 4}, metrics=[{"type": "loudness"}])).stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c", "it is written as CODE=NAME or CODE#CATEGORY=NAME"),
        ("d=slant", "no latent is called 'd'"),
        ("c=category", "'category' is the name of another code"),
        ("c#0=x", "c has no categories that could be named"),
        ("category#7=x", "7 is not a category: they are 0 to 2"),
        ("category#x=y", "'x' is not the number of a category"),
        ("c=a=b", "should match pattern"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_written(here: Here, labelled: Path, text: str, message: str) -> None:
    done = here("label", labelled, text)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (labelled / "labels.json").exists()


def test_labels_that_were_damaged_by_hand_are_named(here: Here, labelled: Path) -> None:
    (labelled / "labels.json").write_text('{"codes": {"c": {"nme": "slant"}}}')
    done = here("sample", labelled)
    assert done.exit_code == 2
    assert "labels.json cannot be read" in done.stderr
