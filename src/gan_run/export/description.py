"""The files beside exported networks: export.json describes inputs and outputs, README.md shows their use."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

from gan_run.core.base.files import to_json
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.model import Model
from gan_run.export.tracing import Traced

RANGE = "Images are float32 (N, {shape}) in [-1, 1]. The data stores a pixel p as {low:g} + (p + 1) / 2 * {width:g}."
ONNX = """\
## ONNX

```python
import numpy as np
import onnxruntime

generator = onnxruntime.InferenceSession("generator.onnx")
values = {{{values}}}
images = generator.run(["images"], values)[0]
{encode}```
"""
ENCODE = """\
encoder = onnxruntime.InferenceSession("encoder.onnx")
codes = dict(zip([output.name for output in encoder.get_outputs()], encoder.run(None, {"images": images})))
"""
TORCH = """\
## torch.export

```python
import torch

generator = torch.export.load("generator.pt2").module()
images = generator({values})
{encode}```
"""
TORCH_ENCODE = """\
encoder = torch.export.load("encoder.pt2").module()
{outputs} = encoder(images)
"""
WEIGHTS = """\
## Plain weights

```python
from safetensors.torch import load_file

weights = load_file("weights.safetensors")
of_generator = {{k.removeprefix("generator."): v for k, v in weights.items() if k.startswith("generator.")}}
```

are for an implementation of the networks of your own: `generator.load_state_dict(of_generator)`, `generator.eval()`.
The generator's input is a float32 (N, {width}):

{columns}

Batch norms have the statistics that `gan-run sample` uses. With gan-run, `gan_run.load(RUN).networks` has the modules.
"""


def write_json(model: Model, traced: Sequence[Traced], step: int, folder: Path) -> Path:
    """Write `folder/export.json`: the latents, the image, the codes' names, and inputs and outputs of each network."""
    latents = {
        name: {
            "count": model.latents[name].count,
            "categories": model.latents[name].cardinality,
            "period": model.latents[name].period,
            "is_code": name in model.codes,
        }
        for name in model.latents
    }
    content: Mapping[str, object] = {
        "step": step,
        "image": list(model.image),
        "pixels": {"dtype": model.codec.dtype, "low": model.codec.low, "high": model.codec.high},
        "latents": latents,
        "names": model.code_names.model_dump(mode="json", exclude_defaults=True),
        "networks": {
            one.name: {"inputs": one.inputs, "outputs": one.outputs, "batch": "any" if one.any_batch else 1}
            for one in traced
        },
    }
    path = folder / "export.json"
    path.write_text(to_json(content), encoding="utf-8")
    return path


def write_readme(model: Model, traced: Sequence[Traced], forms: Sequence[str], folder: Path) -> Path:
    """Write `folder/README.md`, with code that uses each of the forms: `onnx`, `torch`, `weights`."""
    codec = model.codec
    shape = ", ".join(map(str, model.image))
    parts = [
        "# An exported model\n",
        RANGE.format(shape=shape, low=codec.low, width=codec.high - codec.low) + "\n",
    ]
    encoder = next((one for one in traced if one.name == "encoder"), None)
    shapes = {name: _shape(model, name) for name in model.latents}
    if "onnx" in forms:
        values = ", ".join(f'"{name}": {_numpy(model, name, shape)}' for name, shape in shapes.items())
        parts.append(ONNX.format(values=values, encode=ENCODE if encoder else ""))
    if "torch" in forms:
        values = ", ".join(_torch(model, name, shape) for name, shape in shapes.items())
        outputs = "" if encoder is None else ", ".join(_variable(name) for name in encoder.outputs)
        encode = "" if encoder is None else TORCH_ENCODE.format(outputs=f"({outputs},)")
        parts.append(TORCH.format(values=values, encode=encode))
    if "weights" in forms:
        columns = [_columns(model, name) for name in model.latents]
        parts.append(
            WEIGHTS.format(width=sum(model.latents[name].width for name in model.latents), columns="\n".join(columns))
        )
    path = folder / "README.md"
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


@torch.no_grad()
def _columns(model: Model, name: str) -> str:
    """Which columns of the generator's input a latent has, and what is in them."""
    latent, columns = model.latents[name], model.latents.columns(name)
    with isolated_rng("columns"):
        values = model.latents.sample(8)
    embedded, value = model.latents.embed(values)[:, columns].cpu(), values[name].cpu()
    what = "its embedding"
    if torch.equal(embedded, value.to(embedded.dtype).reshape(len(value), -1)):
        what = "its values"
    elif latent.cardinality is not None:
        one_hot = nn.functional.one_hot(value.long(), latent.cardinality).flatten(1)
        what = "its category, one-hot" if torch.equal(embedded, one_hot.to(embedded.dtype)) else what
    last = columns.stop - 1
    where = f"column {last}" if columns.start == last else f"columns {columns.start} to {last}"
    return f"- {where}: `{name}`, {what}"


def _shape(model: Model, name: str) -> tuple[int, ...]:
    latent = model.latents[name]
    return (1, *((latent.count,) if latent.count > 1 else ()), *latent.value_shape)


def _numpy(model: Model, name: str, shape: tuple[int, ...]) -> str:
    return f"np.zeros({shape}, np.{'float32' if model.latents[name].cardinality is None else 'int64'})"


def _torch(model: Model, name: str, shape: tuple[int, ...]) -> str:
    return f"torch.zeros({shape}{'' if model.latents[name].cardinality is None else ', dtype=torch.int64'})"


def _variable(output: str) -> str:
    """A name for an output in Python."""
    return "".join(letter if letter.isalnum() else "_" for letter in output)
