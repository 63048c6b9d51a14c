import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gan_run_rendered3d import RenderedChairs, RenderedFaces

import gan_run
from gan_run import Column, DataError, ImageShape


def chairs(furniture: Path, models: Path, folder: Path, azimuths: int = 8) -> RenderedChairs:
    return RenderedChairs(
        furniture=furniture, models=models, folder=folder, size=16, azimuths=azimuths, elevations=(0,), test_fraction=0
    )


def faces(folder: Path, people: int = 6) -> RenderedFaces:
    return RenderedFaces(folder=folder, people=people, size=16, test_fraction=0)


@pytest.fixture(scope="session")
def rendered_once(toys: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of rendered `chairs`. A test uses a copy, `renders`, since a renderer takes seconds to start. Skips
    where VTK finds nothing to draw with."""
    folder = tmp_path_factory.mktemp("rendered") / "chairs"
    try:
        chairs(toys, models, folder).load("train")
    except DataError as error:
        if "the renderer exited with" not in str(error):
            raise
        pytest.skip(str(error))
    return folder


can_render = pytest.mark.usefixtures("rendered_once")


@pytest.fixture
def renders(rendered_once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(rendered_once, tmp_path / "renders")


def test_chairs_are_described_without_rendering(furniture: Path, models: Path, tmp_path: Path) -> None:
    info = chairs(furniture, models, tmp_path / "renders").describe()
    assert info.image == ImageShape(3, 16, 16)
    assert info.sizes == {"train": 16, "test": 0}
    assert info.class_names == ("0 Box chair", "1 Fauteuil couché")
    assert info.factors == {"azimuth": Column("angle"), "elevation": Column("continuous")}
    assert not (tmp_path / "renders").exists()


def test_a_chair_is_seen_from_all_sides(toys: Path, models: Path, rendered_once: Path) -> None:
    images = chairs(toys, models, rendered_once).load("train")
    assert images.labels is not None
    of_bar = images.labels == 1
    assert sorted(images.columns["azimuth"][of_bar].tolist()) == [45.0 * side for side in range(8)]
    inked = (images.images < 250).any(dim=1)  # on white
    middle = images.images[of_bar][:, :, 8, 8]
    assert (middle[:, 1] > middle[:, 0]).all()  # green cloth
    # The bar is twice as high as it is wide, and widest when seen by its edge.
    height, width = inked[of_bar].any(dim=2).sum(dim=1), inked[of_bar].any(dim=1).sum(dim=1)
    assert (height > width).all()
    straight = images.columns["azimuth"][of_bar] % 90 == 0
    assert width[~straight].min() > width[straight].max()


@can_render
def test_factors_turn_the_head_and_move_the_light(tmp_path: Path) -> None:
    images = faces(tmp_path / "renders", people=150).load("train")
    light = images.columns["light_azimuth_deg"].numpy()
    pixels = images.images[:, 0].double().numpy()
    columns = np.arange(16)
    brightest = (pixels.mean(axis=1) * columns).sum(axis=1) / pixels.mean(axis=1).sum(axis=1)
    assert np.corrcoef(light, brightest)[0, 1] > 0.7  # the light from the right lights the right


@can_render
def test_the_same_people_again(tmp_path: Path) -> None:
    first, second = (faces(tmp_path / name).load("train") for name in ("one", "two"))
    assert np.array_equal(first.images, second.images)
    assert all(np.array_equal(first.columns[name], column) for name, column in second.columns.items())


def test_renders_are_kept_with_the_table_of_who_made_the_models(
    toys: Path, models: Path, renders: Path, tmp_path: Path
) -> None:
    source = chairs(toys, models, renders)
    kept = chairs(tmp_path / "elsewhere", models, renders)  # what is kept needs no models
    assert np.array_equal(source.load("train").images, kept.load("train").images)
    assert kept.describe() == source.describe()
    assert (renders / "attribution.tsv").read_text(encoding="utf-8") == (
        "model_id\tname\tauthor\tlicence\tsource\n"
        "0\tBox chair\tJane\tCC0-1.0\tToys/toys/box/box.obj\n"
        "1\tFauteuil couché\tJosé\tCC-BY-3.0\tToys/toys/lying/lying.obj\n"
    )


def test_renders_of_another_recipe_are_not_taken_for_these(toys: Path, models: Path, rendered_once: Path) -> None:
    fewer = chairs(toys, models, rendered_once, azimuths=3)
    for asked in (fewer.describe, lambda: fewer.load("train")):
        with pytest.raises(DataError, match="renders of another azimuths: set another folder or delete this"):
            asked()


@can_render
def test_without_a_folder_each_recipe_has_one_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for people in (2, 3):
        assert len(RenderedFaces(people=people, size=16, test_fraction=0).load("train")) == people
    assert len(list((tmp_path / "gan-run" / "rendered-faces").glob("*/images.npz"))) == 2


def test_damaged_renders_are_a_clear_error(toys: Path, models: Path, renders: Path) -> None:
    path = renders / "images.npz"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"images\.npz is damaged .* delete it"):
        chairs(toys, models, renders).load("train")


def test_a_folder_that_cannot_be_written_is_an_error_before_rendering(
    toys: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(sys, "executable", "no-renderer")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DataError, match="cannot be written"):
            chairs(toys, models, folder).load("train")


def gan_run_command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from gan_run.cli import main; sys.exit(main())"
    return subprocess.run(  # our own program
        [sys.executable, "-c", program, *arguments], cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip


def test_it_is_found_by_its_entry_point(tmp_path: Path) -> None:
    listed = gan_run_command("plugins", cwd=tmp_path)
    assert "data:rendered-chairs, data:rendered-faces" in listed.stdout, listed.stderr


@can_render
def test_an_experiment_on_rendered_heads(tmp_path: Path) -> None:
    spec = {
        "name": "heads",
        "data": {"type": "rendered-faces", "folder": "heads", "people": 40},
        "latents": {"z": {"type": "uniform", "count": 4}, "c": {"type": "uniform"}},
        "generator": {"type": "infogan-faces", "width": 0.05},
        "discriminator": {"trunk": {"type": "infogan-faces", "width": 0.05}, "head": {"type": "linear"}},
        "losses": [{"type": "non-saturating"}, {"type": "mutual-information", "codes": {"c": 0.2}}],
        "optimizers": {"generator": {"type": "adam", "lr": 1e-3}, "discriminator": {"type": "adam", "lr": 1e-3}},
        "train": {"steps": 2, "batch_size": 8, "precision": "fp32", "device": "cpu"},
        "metrics": [{"type": "code-factor-correlation"}],
    }
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    trained = gan_run_command("spec.json", cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    assert (tmp_path / "heads" / "attribution.tsv").is_file()
    assert gan_run.load(tmp_path / "runs" / "heads").sample(2).shape == (2, 1, 32, 32)
    # What was rendered is an array file like any other.
    other = 'data={"type": "faces", "path": "heads/images.npz"}'
    checked = gan_run_command("check", "spec.json", "--set", other, cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
