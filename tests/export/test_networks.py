"""Every network in the box, as ONNX and as a program of torch.export, gives what it gives in torch."""

from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

from gan_run import Model, isolated_rng
from gan_run.benchmarks import composition_choices
from gan_run.export.tracing import Traced, trace
from gan_run.export.writing import write_onnx, write_torch
from gan_run.registry.plugins import load_plugins
from gan_run.testing.game import Noise, begin

REGISTRY = load_plugins(found=distribution("gan-run").entry_points.select(group="gan_run"))
NETWORKS = sorted({name.partition(",")[0] for name in composition_choices.axes(REGISTRY)["network"]})
FEW_CODES = {"category": {"type": "categorical", "classes": 3}, "c": {"type": "uniform"}}
ALL_CODES = {
    "parent": {"type": "categorical", "classes": 3},
    "child": {"type": "child", "parent": "parent", "classes": 2},
    "flags": {"type": "bernoulli", "count": 2},
    "c": {"type": "uniform", "learn_std": True},
    "plain": {"type": "gaussian", "count": 2},
    "angle": {"type": "circular", "learn_std": True},
}
N = 5


def model_of(network: str) -> Model:
    """A model with weights that were never trained, and with running statistics that are not those of the start."""
    side = composition_choices.SIZES.get(network, composition_choices.SMALL)
    channels = 1 if network in ("infogan-mnist", "infogan-sprites", "infogan-faces") else 3
    narrow = {"width": 0.05} if network != "mlp" else {"hidden": [8]}
    codes = ALL_CODES if network == "mlp" else FEW_CODES  # the graph of all is large
    spec = {
        "data": Noise(image=(channels, side, side)),
        "latents": {"z": {"type": "gaussian", "count": 4}, **codes},
        "generator": {"type": network, **narrow},
        "discriminator": {"trunk": {"type": network, **narrow}, "head": {"type": "linear"}},
        "losses": [{"type": "non-saturating"}, {"type": "mutual-information", "codes": dict.fromkeys(codes, 1.0)}],
    }
    training = begin(fields=spec)
    with isolated_rng("statistics"):
        for _ in range(2):
            training.advance()
    return training.model()


def values(model: Model, n: int = N) -> dict[str, Tensor]:
    with isolated_rng("values"):
        return model.sample_latents(n)


def by_onnxruntime(path: Path, **given: Tensor) -> dict[str, Tensor]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    used = {entry.name: given[entry.name].numpy() for entry in session.get_inputs()}
    return {
        name: torch.from_numpy(np.asarray(found)) for name, found in zip(names, session.run(names, used), strict=True)
    }


def codes_of(model: Model, images: Tensor) -> dict[str, Tensor]:
    codes = model.encode(images)
    return {
        **codes,
        **{f"{name}.p": each for name, each in codes.probabilities.items()},
        **{f"{name}.std": each for name, each in codes.deviations.items()},
    }


def in_batches(traced: Traced, given: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """All at once, or one by one if the program takes no more."""
    if traced.any_batch:
        return [given]
    return [{name: value[row : row + 1] for name, value in given.items()} for row in range(N)]


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_gives_the_same_everywhere(network: str, tmp_path: Path) -> None:
    model = model_of(network)
    generator, encoder = trace(model)
    assert generator.any_batch
    assert encoder.any_batch is (network != "style")  # whose minibatch standard deviation couples images
    given = values(model)
    images = model.generate(given)
    parts = in_batches(generator, given)
    onnx = write_onnx(generator, tmp_path)
    found = torch.cat([by_onnxruntime(onnx, **part)["images"] for part in parts])
    torch.testing.assert_close(found, images, atol=1e-4, rtol=0)
    program = torch.export.load(write_torch(generator, tmp_path)).module()
    found = torch.cat([program(*(part[name] for name in generator.inputs)) for part in parts])
    torch.testing.assert_close(found, images, atol=1e-4, rtol=0)

    onnx = write_onnx(encoder, tmp_path)
    program = torch.export.load(write_torch(encoder, tmp_path)).module()
    # One by one where images are coupled, as by minibatch standard deviation.
    for part in in_batches(encoder, {"images": images}):
        expected = codes_of(model, part["images"])
        assert set(encoder.outputs) == set(expected)
        torch.testing.assert_close(by_onnxruntime(onnx, **part), expected, atol=1e-4, rtol=1e-4)
        found_codes = dict(zip(encoder.outputs, program(part["images"]), strict=True))
        torch.testing.assert_close(found_codes, expected, atol=1e-4, rtol=1e-4)
