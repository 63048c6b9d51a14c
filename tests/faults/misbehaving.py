"""Plugins that misbehave, each with what has to be said of it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

HEADER = """
from typing import Literal
import torch
from torch import nn
from gan_run import *
"""


def plugin(body: str, *components: str) -> str:
    """A plugin's code: some classes, and the hook that returns them."""
    return f"{HEADER}{body}\n@hookimpl\ndef gan_run_components():\n    return [{', '.join(components)}]\n"


GOOD = plugin(
    """
class Fine(Loss):
    type: Literal["fine"] = "fine"
    def build(self, context): return Term()
class Term(LossTerm):
    def generator_loss(self, update): return update.fake_output.logits.mean()
""",
    "Fine",
)


class AtImport(NamedTuple):
    """A plugin that misbehaves while it is loaded."""

    code: str
    said: str | None
    """What `gan-run plugins` says of it; None if it is contained, and the plugin can be used."""


AT_IMPORT = {
    "raises": AtImport("raise RuntimeError('no licence')", "RuntimeError: no licence"),
    "raises-base": AtImport("class Odd(BaseException): pass\nraise Odd('odd')", "Odd: odd"),
    "raises-ctrl-c": AtImport("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "raises-generator-exit": AtImport("raise GeneratorExit('gone')", "GeneratorExit: gone"),
    "exits": AtImport("import sys; sys.exit(3)", "SystemExit: 3"),
    "unprintable": AtImport(
        "class Mute(Exception):\n    def __str__(self): raise ValueError('mute')\nraise Mute",
        "Mute (its text cannot be shown: ValueError)",
    ),
    "control-characters": AtImport("raise RuntimeError('\\x1b[31mred')", "RuntimeError: \\x1b[31mred"),
    "syntax": AtImport("def", "SyntaxError"),
    "absent": AtImport("import gan_run_no_such_module", "ModuleNotFoundError"),
    "recursion": AtImport("def f(): return f()\nf()", "RecursionError"),
    "memory": AtImport("raise MemoryError", "MemoryError"),
    "prints": AtImport(f"print('loud'); import os\nos.write(1, b'louder')\n{GOOD}", None),
    "replaces-stdout": AtImport(f"import sys, io\nsys.stdout = io.StringIO()\n{GOOD}", None),
    "warns": AtImport(f"import warnings\nwarnings.simplefilter('error')\n{GOOD}", None),
    "changes-folder": AtImport(f"import os\nos.chdir('/')\n{GOOD}", None),
    "handles-ctrl-c": AtImport(f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{GOOD}", None),
    "changes-dtype": AtImport(
        f"import torch\ntorch.set_default_dtype(torch.float64)\ntorch.set_grad_enabled(False)\n{GOOD}", None
    ),
    "returns-nothing": AtImport(f"{HEADER}\n@hookimpl\ndef gan_run_components(): return None", None),
    "returns-a-number": AtImport(
        f"{HEADER}\n@hookimpl\ndef gan_run_components(): return 3", "returns a int, not a list"
    ),
    "returns-a-text": AtImport(
        f"{HEADER}\n@hookimpl\ndef gan_run_components(): return 'Loss'", "returns a str, not a list"
    ),
    "returns-a-mapping": AtImport(
        f"{HEADER}\n@hookimpl\ndef gan_run_components(): return {{}}", "returns a dict, not a list"
    ),
    "returns-functions": AtImport(
        f"{HEADER}\n@hookimpl\ndef gan_run_components(): return [print]", "is no component class"
    ),
    "returns-instances": AtImport(GOOD.replace("return [Fine]", "return [Fine()]"), "is no component class"),
    "returns-without-end": AtImport(
        f"{HEADER}\nimport itertools\n@hookimpl\ndef gan_run_components(): return itertools.repeat(int)",
        "more than 10000 component classes",
    ),
    "awaits": AtImport(
        f"{HEADER}\n@hookimpl\nasync def gan_run_components(): return []", "returns a coroutine, not a list"
    ),
    "raises-in-hook": AtImport(f"{HEADER}\n@hookimpl\ndef gan_run_components(): raise SystemExit", "SystemExit"),
    "two-of-one-name": AtImport(
        plugin(
            "class A(Latent):\n    type: Literal['same'] = 'same'\n    def build(self, context): ...\n"
            "class B(Latent):\n    type: Literal['same'] = 'same'\n    def build(self, context): ...\n",
            "A",
            "B",
        ),
        "2 of its components are called latent:same",
    ),
    "false-kind": AtImport(
        plugin("class A(Component):\n    kind = 'loss'\nclass B(A):\n    type: Literal['b'] = 'b'\n", "B"),
        "B says that it is a loss, and is not derived from Loss",
    ),
    "takes-a-name": AtImport(
        GOOD.replace('"fine"', '"non-saturating"'),
        None,
    ),
    "name-raises": AtImport(
        GOOD.replace("    def build", "    @classmethod\n    def name(cls): raise OSError('nameless')\n    def build"),
        "OSError: nameless",
    ),
}


class AtWork(NamedTuple):
    """A component that misbehaves while it is used."""

    code: str
    spec: Mapping[str, Any]
    """Fields of the spec that use it."""
    said: tuple[str, ...]
    """What is said of it, in standard error."""
    code_of_exit: int = 1
    """2 where the component breaks its contract, 1 where it raises, 0 where the run goes on."""


def generator(build: str, module: str = "") -> str:
    return plugin(
        f"{module}\nclass Bad(Generator):\n    type: Literal['bad'] = 'bad'\n"
        f"    def build(self, latents, image):\n        {build}\n",
        "Bad",
    )


NET = """
class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layer = nn.Linear(width, 64)
    def forward(self, z):
        images = self.layer(z).tanh().view(-1, 1, 8, 8)
        return {}
"""


def network(returned: str) -> str:
    return generator("return Net(latents.width)", NET.format(returned))


def trunk(returned: str) -> str:
    return plugin(
        f"""
class Net(TrunkModule):
    features = 5
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 5)
    def forward(self, images):
        seen = self.layer(images.flatten(1))
        return {returned}
class Bad(Trunk):
    type: Literal['bad'] = 'bad'
    def build(self, image): return Net()
""",
        "Bad",
    )


def head(returned: str) -> str:
    return plugin(
        f"""
class Net(HeadModule):
    def __init__(self, width):
        super().__init__()
        self.layer = nn.Linear(width, 1)
    def forward(self, features, condition):
        logits = self.layer(features.vector)
        return {returned}
class Bad(Head):
    type: Literal['bad'] = 'bad'
    def build(self, trunk, latents): return Net(trunk.features)
""",
        "Bad",
    )


def loss(returned: str) -> str:
    return plugin(
        f"""
class Term(LossTerm):
    def discriminator_loss(self, update): {returned}
class Bad(Loss):
    type: Literal['bad'] = 'bad'
    def build(self, context): return Term()
""",
        "Bad",
    )


def data(describe: str, load: str) -> str:
    return plugin(
        f"""
class Bad(DataSource):
    type: Literal['bad'] = 'bad'
    def describe(self): return {describe}
    def load(self, split): {load}
""",
        "Bad",
    )


def component(kind: str, method: str, body: str, extra: str = "") -> str:
    return plugin(
        f"class Bad({kind}):\n    type: Literal['bad'] = 'bad'\n{extra}    def {method}:\n        {body}\n", "Bad"
    )


BAD = {"type": "bad"}
DESCRIBED = "DataInfo(ImageShape(1, 8, 8), {'train': 40, 'test': 10})"
IMAGES = "torch.zeros({}, dtype=torch.uint8)"
PLUGIN = "the plugin bad (bad.py sha256:"
A_GENERATOR = {"generator": BAD}
A_TRUNK = {"discriminator": {"trunk": BAD, "head": {"type": "linear"}}}
A_HEAD = {"discriminator": {"trunk": {"type": "mlp", "hidden": [10]}, "head": BAD}}
A_LOSS = {"losses": [{"type": "non-saturating"}, BAD]}
A_DATA = {"data": BAD}
A_METRIC = {"metrics": [BAD, {"type": "loudness"}]}
METRIC = "measure(self, model, data)"
ARTIFACT = "render(self, model, data, stem)"
FOLDER = "    @property\n    def folder(self): return 'bad'\n"

AT_WORK = {
    "generator-build-raises": AtWork(
        generator("raise RuntimeError('no weights')"),
        A_GENERATOR,
        (f"a bug in {PLUGIN}", "the generator bad at generator", "RuntimeError: no weights"),
    ),
    "generator-build-returns-a-function": AtWork(
        generator("return lambda z: z"),
        A_GENERATOR,
        (PLUGIN, "generator (bad): build returns a function, not a Module"),
        2,
    ),
    "generator-forward-raises": AtWork(
        network("1 / 0"),
        A_GENERATOR,
        (f"a bug in {PLUGIN}", "the generator bad at generator", "ZeroDivisionError"),
    ),
    "generator-returns-a-tuple": AtWork(
        network("(images,)"),
        A_GENERATOR,
        (PLUGIN, "generator (bad): a batch of images is a tuple, not a tensor (8, 1, 8, 8)"),
        2,
    ),
    "generator-returns-too-few": AtWork(
        network("images[1:]"), A_GENERATOR, (PLUGIN, "(7, 1, 8, 8), not (8, 1, 8, 8)"), 2
    ),
    "generator-returns-channels": AtWork(
        network("images.expand(-1, 3, -1, -1)"), A_GENERATOR, (PLUGIN, "(8, 3, 8, 8), not (8, 1, 8, 8)"), 2
    ),
    "generator-returns-nan": AtWork(
        network("images * torch.nan"), A_GENERATOR, (PLUGIN, "generator (bad): a batch of images has NaN"), 2
    ),
    "trunk-returns-a-tensor": AtWork(
        trunk("seen"),
        A_TRUNK,
        (PLUGIN, "discriminator.trunk (bad): forward returns a tensor (8, 5), not a Features"),
        2,
    ),
    "trunk-returns-another-width": AtWork(
        trunk("Features(seen[:, 1:])"),
        A_TRUNK,
        (PLUGIN, "discriminator.trunk (bad): its vector of features", "(8, 4), not (8, 5)"),
        2,
    ),
    "trunk-raises": AtWork(
        trunk("1 / 0"), A_TRUNK, (f"a bug in {PLUGIN}", "the trunk bad at discriminator.trunk", "ZeroDivisionError")
    ),
    "head-returns-a-column": AtWork(
        head("logits.sum()"), A_HEAD, (PLUGIN, "discriminator.head (bad): a batch of logits is a tensor ()"), 2
    ),
    "loss-raises": AtWork(
        loss("raise KeyError('logits')"),
        A_LOSS,
        (
            f"a bug in {PLUGIN}",
            "the loss bad at losses[1], in the update of the discriminator, step 1",
            "KeyError: 'logits'",
        ),
    ),
    "loss-returns-a-batch": AtWork(
        loss("return update.fake_output.logits"),
        A_LOSS,
        (PLUGIN, "the loss bad: its objective for the discriminator is a tensor of shape (8,)"),
        2,
    ),
    "loss-builds-nothing": AtWork(
        component("Loss", "build(self, context)", "return None"),
        A_LOSS,
        (PLUGIN, "losses[1] (bad): build returns None"),
        2,
    ),
    "source-describes-a-mapping": AtWork(
        data("{'train': 40}", "..."), A_DATA, (PLUGIN, "data (bad): describe returns a dict, not a DataInfo"), 2
    ),
    "source-describe-raises": AtWork(
        data("1 / 0", "..."), A_DATA, (f"a bug in {PLUGIN}", "the data bad at data", "ZeroDivisionError")
    ),
    "source-loads-a-tensor": AtWork(
        data(DESCRIBED, f"return {IMAGES.format('(40, 1, 8, 8)')}"),
        A_DATA,
        (PLUGIN, "data (bad): load returns a tensor (40, 1, 8, 8), not a ImageSet"),
        2,
    ),
    "source-loads-other-sizes": AtWork(
        data(DESCRIBED, f"return ImageSet({IMAGES.format('(40, 1, 9, 8)')})"),
        A_DATA,
        (PLUGIN, "is not as `describe` says"),
        2,
    ),
    "source-loads-other-channels": AtWork(
        data(DESCRIBED, f"return ImageSet({IMAGES.format('(40, 3, 8, 8)')})"),
        A_DATA,
        (PLUGIN, "is not as `describe` says"),
        2,
    ),
    "source-loads-other-numbers": AtWork(
        data(DESCRIBED, f"return ImageSet({IMAGES.format('(39, 1, 8, 8)')})"),
        A_DATA,
        (PLUGIN, "39 images, and not 40"),
        2,
    ),
    "source-loads-floats": AtWork(
        data(DESCRIBED, "return ImageSet(torch.zeros(40, 1, 8, 8))"),
        A_DATA,
        (PLUGIN, "images: uint8 (M, C, H, W) is needed, not torch.float32"),
        2,
    ),
    "optimizer-builds-nothing": AtWork(
        component("Optimizer", "build(self, parameters)", "return None"),
        {"optimizers": {"generator": {"type": "bad", "lr": 1}, "discriminator": {"type": "adam", "lr": 1e-3}}},
        (PLUGIN, "optimizers.generator (bad): build returns None, not a Optimizer"),
        2,
    ),
    "schedule-returns-a-text": AtWork(
        component("Schedule", "at(self, step, steps)", "return 'fast'"),
        {"losses": [{"type": "non-saturating", "weight": BAD}]},
        (PLUGIN, "losses[0].weight (bad): at step 0 it is a str, not a finite number"),
        2,
    ),
    "latent-of-another-shape": AtWork(
        plugin(
            "class Module(LatentModule):\n    width = 2\n    def sample(self, n): return torch.randn(n, 3)\n"
            "    def embed(self, value): return value\n"
            "class Bad(Latent):\n    type: Literal['bad'] = 'bad'\n    def build(self, context): return Module()\n",
            "Bad",
        ),
        {"latents": {"z": BAD, "category": {"type": "categorical", "classes": 3}, "c": {"type": "uniform"}}},
        (PLUGIN, "latents.z (bad): a sample of it is a tensor (8, 3), not (8,)"),
        2,
    ),
    "callback-builds-nothing": AtWork(
        component("DeclaredCallback", "build(self)", "return None"),
        {"callbacks": [BAD]},
        ("callbacks[0] (bad of the plugin bad (bad.py sha256:", "builds a NoneType, and no Callback"),
        2,
    ),
    "callback-raises": AtWork(
        plugin(
            "class Rings(Callback):\n    def step_logged(self, event): raise OSError('no network')\n"
            "class Bad(DeclaredCallback):\n    type: Literal['bad'] = 'bad'\n    def build(self): return Rings()\n",
            "Bad",
        ),
        {"callbacks": [BAD]},
        (
            "Rings failed in step_logged: OSError: no network; the run goes on without it",
            "(callbacks[0], of the plugin bad",
        ),
        0,
    ),
    "callback-raises-base": AtWork(
        plugin(
            "class Odd(BaseException):\n    def __str__(self): raise Odd\n"
            "class Rings(Callback):\n    def step_logged(self, event): raise Odd\n"
            "    def title(self): raise Odd\n"
            "class Bad(DeclaredCallback):\n    type: Literal['bad'] = 'bad'\n    def build(self): return Rings()\n",
            "Bad",
        ).replace("raise Odd\nclass Bad", "raise RuntimeError\nclass Bad"),
        {"callbacks": [BAD]},
        ("failed in step_logged: Odd (its text cannot be shown: Odd)", "callbacks[0]"),
        0,
    ),
    "metric-raises": AtWork(
        component("Metric", METRIC, "raise ValueError('empty')"),
        A_METRIC,
        (
            "warning: metrics[0] (bad of the plugin bad (bad.py sha256:",
            "error: runs/small is trained, but metrics[0] failed: ValueError: empty",
        ),
    ),
    "metric-returns-a-number": AtWork(
        component("Metric", METRIC, "return 0.5"),
        A_METRIC,
        ("metrics[0]", "measures a float, not a mapping of numbers"),
    ),
    "metric-returns-tensors": AtWork(
        component("Metric", METRIC, "return {'mean': torch.zeros(2)}"), A_METRIC, ("metrics[0]", "is no JSON")
    ),
    "artifact-raises": AtWork(
        component("Artifact", ARTIFACT, "raise MemoryError", FOLDER),
        {"artifacts": [BAD]},
        ("artifacts[0]", "MemoryError"),
    ),
    "artifact-writes-nothing": AtWork(
        component("Artifact", ARTIFACT, "return [stem]", FOLDER),
        {"artifacts": [BAD]},
        ("artifacts[0]", "not a list of the files that it wrote"),
    ),
    "artifact-writes-elsewhere": AtWork(
        component("Artifact", ARTIFACT, "return []", FOLDER.replace("'bad'", "'../../bad'")),
        {"artifacts": [BAD]},
        ("artifacts[0]", "which is none in the run folder"),
    ),
    "augmentation-resizes": AtWork(
        plugin(
            "class Half(AugmentationModule):\n    def forward(self, images): return images[:, :, ::2]\n"
            "class Bad(Augmentation):\n    type: Literal['bad'] = 'bad'\n    def build(self, image): return Half()\n",
            "Bad",
        ),
        {"discriminator": {"trunk": {"type": "mlp", "hidden": [10]}, "head": {"type": "linear"}, "augment": [BAD]}},
        (PLUGIN, "discriminator.augment[0] (bad): a batch of images is a tensor (8, 1, 4, 8), not (8, 1, 8, 8)"),
        2,
    ),
    "feed-gives-too-few": AtWork(
        data(DESCRIBED, f"return ImageSet({IMAGES.format('(40, 1, 8, 8)')})").replace(
            "    def load",
            "    def feed(self, context):\n        class Few(ShuffledFeed):\n            def batch(self, number):\n"
            "                batch = super().batch(number)\n                return Batch(batch.images[1:], {})\n"
            "        return Few(context)\n    def load",
        ),
        A_DATA,
        (PLUGIN, "data (bad): a batch of images is a tensor (7, 1, 8, 8), not (8, 1, 8, 8)"),
        2,
    ),
    "feed-gives-bytes": AtWork(
        data(DESCRIBED, f"return ImageSet({IMAGES.format('(40, 1, 8, 8)')})").replace(
            "    def load",
            "    def feed(self, context):\n        class Raw(ShuffledFeed):\n            def batch(self, number):\n"
            "                return Batch(super().batch(number).images + 4, {})\n"
            "        return Raw(context)\n    def load",
        ),
        A_DATA,
        (PLUGIN, "data (bad): a batch of images is torch.float32 from 3 to 3, not float32 from -1 to 1"),
        2,
    ),
}
