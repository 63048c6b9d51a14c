"""A run that an older version made loads, draws, encodes and resumes as it did then.

tests/fixtures/make_run.py says what is in a fixture, and makes one.
"""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

import gan_run

RUNS = sorted((Path(__file__).parent / "fixtures").glob("run-*"))
assert RUNS
WITHIN = 1e-5
"""What another machine's rounding may come to."""
RUNNING = re.compile(r"game\.discriminator\..*\.(running_mean|running_var|num_batches_tracked)$")

MEAN = re.compile(r"(.*\.)(\d+)\.running_mean$")

pytestmark = pytest.mark.parametrize("fixture", RUNS, ids=lambda path: path.name)


def expected(fixture: Path, group: str) -> dict[str, Tensor]:
    """The expected tensors `group.NAME`, by NAME."""
    tensors = load_file(fixture / "expected.safetensors")
    found = {name.removeprefix(f"{group}."): value for name, value in tensors.items() if name.startswith(f"{group}.")}
    assert found
    return found


def left_to_rounding(names: Iterable[str]) -> set[str]:
    """The biases before batch norms, which subtract them, and the running means that follow. The gradient of a bias
    without influence is a rounding error, which Adam scales to a whole step."""
    means = [found for name in names if (found := MEAN.match(name))]
    biases = {f"{of[1]}{int(of[2]) - 1}.bias" for of in means}
    return biases | {of[0] for of in means}


def test_latent_values_give_the_images_they_gave(fixture: Path) -> None:
    tensors = load_file(fixture / "expected.safetensors")
    latents = expected(fixture, "latents")
    last, before = gan_run.load(fixture / "run"), gan_run.load(fixture / "run", checkpoint=4)
    torch.testing.assert_close(last.generate(latents), tensors["images"], atol=WITHIN, rtol=0)
    torch.testing.assert_close(before.generate(latents), tensors["images_at_4"], atol=WITHIN, rtol=0)
    assert not torch.allclose(tensors["images"], tensors["images_at_4"], atol=WITHIN)


def test_images_are_encoded_as_they_were(fixture: Path) -> None:
    wanted = expected(fixture, "encoded")
    images = torch.from_numpy(np.load(fixture / "images.npz", allow_pickle=False)["images"])[:, None]
    found = gan_run.load(fixture / "run").encode(gan_run.to_float(images))
    assert found.keys() == wanted.keys()
    for name, value in found.items():
        torch.testing.assert_close(value, wanted[name], atol=WITHIN, rtol=0)


def test_codes_go_by_the_names_they_were_given(fixture: Path) -> None:
    model = gan_run.load(fixture / "run")
    by_label = model.sample(4, seed=0, codes={"slant": 0.5, "category": "seven"})
    torch.testing.assert_close(by_label, model.sample(4, seed=0, codes={"c1": 0.5, "category": 2}))
    assert not torch.equal(by_label, model.sample(4, seed=0, codes={"c1": 0.5, "category": 1}))


def test_it_resumes_from_moved_data_to_the_weights_it_came_to(fixture: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(fixture / "run", copy)
    gan_run.resume(copy, overrides=[f"data.path={fixture / 'images.npz'}"])
    found = load_file(copy / "checkpoints" / "step-00000012" / "model.safetensors")
    wanted = expected(fixture, "final")
    assert found.keys() == wanted.keys()
    # That commit left the running statistics of an augmented discriminator alone; now they follow real images.
    by_rounding = left_to_rounding(wanted)
    same = [name for name in wanted if not RUNNING.match(name) and name not in by_rounding]
    assert len(same) > 0.8 * len(wanted)
    # Of a mapping, a failure names the tensor. Training multiplies what rounding does to a step.
    within = 10 * WITHIN
    torch.testing.assert_close({n: found[n] for n in same}, {n: wanted[n] for n in same}, atol=within, rtol=within)
