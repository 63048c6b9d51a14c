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
    category = {"name": "kind", "values": {"1": "seven"}, "step": 4}
    assert written == {"codes": {"c": {"name": "slant", "step": 4}, "category": category}}
    assert json.loads(done.stdout) == written
    for codes in (("slant=0.5", "kind=seven"), ("c=0.5", "category=#1"), ("slant=0.5", "category=1")):
        assert (images(here, labelled, *codes) == plain).all()
    assert not (images(here, labelled, "slant=0.5", "category=2") == plain).all()


def test_names_add_up_and_are_printed_without_any_new(here: Here, labelled: Path) -> None:
    assert here("label", labelled, "c=slant").exit_code == 0
    assert here("label", labelled, "category=kind").exit_code == 0
    assert json.loads(here("label", labelled).stdout) == {
        "codes": {"c": {"name": "slant", "step": 4}, "category": {"name": "kind", "step": 4}}
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


def test_names_from_data_know_their_checkpoint_and_their_purity(here: Here, labelled: Path, registry) -> None:
    assert here("label", labelled, "category", "--from-data").exit_code == 0
    category = json.loads((labelled / "labels.json").read_text())["codes"]["category"]
    found = category["found"]
    assert (found["step"], found["split"], found["images"]) == (4, "train", 48)
    assert found["purity"].keys() == category["values"].keys()

    data = front_door.Run(labelled, registry=registry).spec.data.load("train")
    codes = front_door.load(labelled, registry=registry).encode(front_door.to_float(data.images))["category"]
    for number, name in category["values"].items():
        of_it = data.labels[codes == int(number)]
        share = (of_it == ("even", "odd").index(name)).float().mean().item()
        assert found["purity"][number] == pytest.approx(share, abs=1e-4)


@pytest.fixture
def trained_on(here: Here, labelled: Path) -> Path:
    """The run with names from data and by hand at step 4, and then trained to step 6."""
    assert here("label", labelled, "category", "--from-data").exit_code == 0
    assert here("label", labelled, "c=slant", "category#2=third").exit_code == 0
    assert here("train", "--resume", labelled, "--set", "train.steps=6").exit_code == 0
    return labelled


@pytest.mark.filterwarnings("always:.*the checkpoint is at")
def test_old_names_are_a_warning_until_they_are_found_again(here: Here, trained_on: Path, tmp_path: Path) -> None:
    old = f"warning: names of category were found at step 4, the checkpoint is at 6: run gan-run label {trained_on}\n"
    by_hand = f"c was named at step 4, the checkpoint is at 6: if its names still hold, run gan-run label {trained_on}"
    for command in (("sample",), ("traverse", "--out", "strips"), ("encode", "test", "--sheets", "sheets")):
        shown = here(command[0], trained_on, *command[1:]).stderr
        assert old in shown
        assert f"warning: {by_hand} 'c=slant'" in shown
    assert "warning" not in here("sample", trained_on, "--checkpoint", "4").stderr

    again = here("label", trained_on)
    assert again.exit_code == 0
    codes = json.loads(again.stdout)["codes"]
    assert codes["category"]["found"]["step"] == 6
    assert codes["category"]["values"]["2"] == "third"  # what a user named is kept
    assert "2" not in codes["category"]["found"]["purity"]
    assert f"note: {by_hand}" in again.stderr
    assert here("label", trained_on, "c=slant", "category#2=third").exit_code == 0
    assert "warning" not in here("sample", trained_on).stderr


def test_names_without_a_step_are_taken_as_they_are(here: Here, labelled: Path) -> None:
    (labelled / "labels.json").write_text('{"codes": {"c": {"name": "slant"}, "category": {"values": {"1": "one"}}}}')
    assert here("train", "--resume", labelled, "--set", "train.steps=5").exit_code == 0
    done = here("sample", labelled, "--code", "slant=0.5", "--code", "category=one")
    assert done.exit_code == 0
    assert "warning" not in done.stderr


def test_a_weak_name_is_marked_where_people_see_it(here: Here, labelled: Path, tmp_path: Path, registry) -> None:
    found = {"step": 4, "split": "train", "images": 48, "purity": {"0": 0.36, "1": 0.9}}
    category = {"values": {"0": "odd", "1": "even"}, "found": found}
    (labelled / "labels.json").write_text(json.dumps({"codes": {"category": category}}))
    names = front_door.load(labelled, registry=registry).code_names
    assert [names.value_title(front_door.CodeDim("category"), value) for value in range(3)] == ["odd? 36%", "even", "2"]

    note = "note: 36% of category#0 are odd, by 48 images of train\n"
    assert note in here("sample", labelled, "--code", "category=odd").stderr
    assert "note" not in here("sample", labelled, "--code", "category=#0", "--n", "1").stderr
    assert "note" not in here("sample", labelled, "--code", "category=even").stderr
    shown = here("label", labelled).stderr
    assert shown == note + "note: category#2 has no name: there are more categories than classes\n"

    # Files are called by the name alone.
    sorted_ = here("encode", labelled, "train", "--into", "sorted")
    assert note in sorted_.stderr
    assert {path.name for path in (tmp_path / "sorted").iterdir()} <= {"odd", "even", "2"}
    assert here("sample", labelled, "--balance", "category", "--n", "3", "--out", "made").exit_code == 0
    assert "0,odd," in (tmp_path / "made/labels.csv").read_text()


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
        ("c=a=b", "a name has 1 to 100 characters, and none of = # [ and ], not 'a=b'"),
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
