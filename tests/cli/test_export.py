"""`gan-run export`: files that need no gan-run."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import Result
from safetensors.torch import load_file
from torch import Tensor, nn

from gan_run import Model, isolated_rng, load, read_spec
from gan_run.registry.plugins import Registry

Here = Callable[..., Result]


@pytest.fixture
def model(run: Path, registry: Registry) -> Model:
    return load(run, registry=registry)


def test_the_readme_shows_code_that_runs_without_gan_run(here: Here, run: Path, tmp_path: Path) -> None:
    done = here("export", run, "--onnx", "--torch", "--weights")
    assert done.exit_code == 0, done.output
    files = ["generator.onnx", "encoder.onnx", "generator.pt2", "encoder.pt2", "weights.safetensors"]
    assert done.stdout.split() == [f"export/{name}" for name in (*files, "export.json", "README.md")]
    blocks = re.findall(r"```python\n(.*?)```", (tmp_path / "export/README.md").read_text(), re.DOTALL)
    assert len(blocks) == 3
    for block in blocks[:2]:
        program = f"import sys\nsys.modules['gan_run'] = None\n{block}\nprint(images.shape)\n"
        found = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path / "export", capture_output=True, text=True, check=False
        )
        assert found.returncode == 0, found.stderr
        assert found.stdout.strip() in ("(1, 1, 8, 8)", "torch.Size([1, 1, 8, 8])")


def test_the_description_names_latents_and_outputs(here: Here, run: Path, tmp_path: Path) -> None:
    assert here("export", run, "--torch", "--out", "there").exit_code == 0
    found = json.loads((tmp_path / "there/export.json").read_text())
    assert found["image"] == [1, 8, 8]
    assert found["pixels"] == {"dtype": "uint8", "low": 0.0, "high": 255.0}
    assert found["latents"]["category"] == {"count": 1, "categories": 3, "period": None, "is_code": True}
    assert found["networks"] == {
        "generator": {"inputs": ["z", "category", "c"], "outputs": ["images"], "batch": "any"},
        "encoder": {"inputs": ["images"], "outputs": ["category", "category.p", "c"], "batch": "any"},
    }


def test_a_small_run_folder_draws_the_same_images(here: Here, run: Path, tmp_path: Path, registry: Registry) -> None:
    done = here("export", run, "--model", "small")
    assert (done.exit_code, done.stdout) == (0, "small\n"), done.output
    assert not list((tmp_path / "small").rglob("optimizer.safetensors"))
    expected = load(run, registry=registry).sample(3, seed=1)
    assert torch.equal(load(tmp_path / "small", registry=registry).sample(3, seed=1), expected)
    again = here("export", run, "--model", "small")
    assert (again.exit_code, "small is not empty" in again.output) == (2, True), again.output


def test_the_readme_says_which_columns_the_generators_input_has(here: Here, run: Path, tmp_path: Path) -> None:
    assert here("export", run, "--weights").exit_code == 0
    said = (tmp_path / "export/README.md").read_text()
    assert "(N, 8)" in said
    assert [line for line in said.splitlines() if line.startswith("- ")] == [
        "- columns 0 to 3: `z`, its values",
        "- columns 4 to 6: `category`, its category, one-hot",
        "- column 7: `c`, its values",
    ]


def test_plain_weights_draw_the_same_images_in_plain_torch(here: Here, run: Path, tmp_path: Path, model: Model) -> None:
    assert here("export", run, "--weights").exit_code == 0
    plain = nn.Sequential(nn.Linear(8, 12), nn.LeakyReLU(0.2), nn.Linear(12, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    plain.load_state_dict(generator_weights(tmp_path))
    assert_same_images(plain, model)


def test_plain_weights_have_the_statistics_of_batch_norms(
    here: Here, registry: Registry, write_spec: Callable[..., Path], tmp_path: Path
) -> None:
    networks = {"type": "dcgan", "width": 0.05}
    spec = write_spec(
        {"steps": 12, "ema": 0.9},
        name="normed",
        data={"type": "toys", "side": 12},
        generator=networks,
        discriminator={"trunk": networks, "head": {"type": "linear"}},
    )
    assert here("train", spec).exit_code == 0
    assert here("export", "runs/normed", "--weights").exit_code == 0
    model = load(tmp_path / "runs/normed", registry=registry)
    plain = read_spec(spec, registry=registry).generator.build(model.latents, model.image).eval()
    plain.load_state_dict(generator_weights(tmp_path))
    assert_same_images(plain, model)


def generator_weights(folder: Path) -> dict[str, Tensor]:
    weights = load_file(folder / "export/weights.safetensors")
    return {key.removeprefix("generator."): value for key, value in weights.items() if key.startswith("generator.")}


def assert_same_images(generator: nn.Module, model: Model) -> None:
    with isolated_rng("values"):
        values = model.sample_latents(6)
    with torch.no_grad():
        images = generator(model.latents.embed(values))
    torch.testing.assert_close(images, model.generate(values), atol=1e-5, rtol=0)


def test_nothing_is_written_over_and_something_has_to_be_asked_for(here: Here, run: Path, tmp_path: Path) -> None:
    assert "--onnx, --torch, --weights, --html or --model" in here("export", run).output
    (tmp_path / "export").mkdir()
    (tmp_path / "export/x").touch()
    done = here("export", run, "--weights")
    assert done.exit_code == 2
    assert "export is not empty" in done.output
