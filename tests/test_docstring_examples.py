"""What a plugin implements and uses documents its arguments and results, and the examples run.

An example is the abstract method as a plugin writes it, with the class attributes that go with it; or a whole class,
where the method needs a constructor. The examples of one class together are a complete subclass of it, which is tested
here as a plugin's component is: by the suite of its kind.
"""

import collections.abc
import inspect
import math
import pathlib
import re
import typing
from textwrap import dedent, indent

import numpy as np
import PIL.Image
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import gan_run
from gan_run import Component, Encoder, ImageShape, LatentModule, LossTerm, SpecView, TrunkModule, testing
from gan_run.core.kinds.update_context import DiscriminatorOutput
from gan_run.testing.game import begin

PUBLIC: dict[str, typing.Any] = {name: getattr(gan_run, name) for name in gan_run.api.__all__}
IMPORTS: dict[str, typing.Any] = {
    "Any": typing.Any,
    "Image": PIL.Image,
    "Iterable": collections.abc.Iterable,
    "Iterator": collections.abc.Iterator,
    "Literal": typing.Literal,
    "Mapping": collections.abc.Mapping,
    "NDArray": NDArray,
    "Path": pathlib.Path,
    "Sequence": collections.abc.Sequence,
    "Tensor": Tensor,
    "math": math,
    "nn": nn,
    "np": np,
    "torch": torch,
}
"""What examples use besides the names of gan_run."""
SUITES = {
    "Artifact": testing.ArtifactSuite,
    "Augmentation": testing.AugmentationSuite,
    "Criterion": testing.CriterionSuite,
    "DataSource": testing.DataSourceSuite,
    "DeclaredCallback": testing.CallbackSuite,
    "FeatureNetwork": testing.FeatureNetworkSuite,
    "Generator": testing.GeneratorSuite,
    "Head": testing.HeadSuite,
    "Latent": testing.LatentSuite,
    "Loss": testing.LossSuite,
    "Metric": testing.MetricSuite,
    "Optimizer": testing.OptimizerSuite,
    "Schedule": testing.ScheduleSuite,
    "Trunk": testing.TrunkSuite,
}
FIELDS = {"Optimizer": {"lr": 0.1}}
"""Fields without a default of the components in examples."""

Method = typing.Callable[..., object]
CLASSES: list[type] = [each for each in PUBLIC.values() if inspect.isclass(each)]
FUNCTIONS: list[Method] = [
    each for each in PUBLIC.values() if inspect.isfunction(each) and each.__module__.startswith("gan_run.core.kinds.")
]


def methods(owner: type) -> dict[str, Method]:
    """The methods and properties that a class defines itself, as functions."""
    plain = {
        name: value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        for name, value in vars(owner).items()
    }
    return {name: value for name, value in plain.items() if inspect.isfunction(value)}


def abstract_methods(owner: type) -> dict[str, Method]:
    return {name: each for name, each in methods(owner).items() if getattr(each, "__isabstractmethod__", False)}


def sections(documented: object) -> dict[str, str]:
    """A docstring's sections by title."""
    text = inspect.cleandoc(documented.__doc__ or "")
    parts = re.split(r"^(Args|Returns|Raises|Example):\n", text, flags=re.MULTILINE)
    return {title: dedent(content).strip() for title, content in zip(parts[1::2], parts[2::2], strict=True)}


def assert_arguments_and_result_are_documented(function: Method) -> None:
    documented, signature = sections(function), inspect.signature(function)
    for name in signature.parameters:
        if name not in ("self", "cls"):
            described = re.search(rf"^{name}: ", documented.get("Args", ""), flags=re.MULTILINE)
            assert described, f"{function.__qualname__} does not document {name}"
    if signature.return_annotation is not None:
        assert "Returns" in documented, f"{function.__qualname__} does not document what it returns"


ABSTRACT = [(owner, name, method) for owner in CLASSES for name, method in abstract_methods(owner).items()]
OWNERS = list(dict.fromkeys(owner for owner, _, _ in ABSTRACT))


@pytest.mark.parametrize(("owner", "name", "method"), ABSTRACT, ids=lambda value: getattr(value, "__name__", None))
def test_an_abstract_method_is_documented_and_has_an_example(owner: type, name: str, method: Method) -> None:
    assert_arguments_and_result_are_documented(method)
    example = sections(method)["Example"]
    assert 2 <= len([line for line in example.splitlines() if line.strip()]) <= 10
    assert re.search(rf"^ *def {name}\(", example, flags=re.MULTILINE)


def inherits(owner: type, name: str) -> bool:
    return name in vars(SpecView) or any(name in vars(base) for base in owner.__mro__[1:])


KINDS = [
    (owner, name, method)
    for owner in CLASSES
    for name, method in methods(owner).items()
    if owner.__module__.startswith("gan_run.core.kinds.")
    and method.__module__ == owner.__module__
    and not name.startswith("_")
    and not isinstance(vars(owner)[name], property)
    and (owner is SpecView or not inherits(owner, name))
]


@pytest.mark.parametrize(("owner", "name", "method"), KINDS, ids=lambda value: getattr(value, "__name__", None))
def test_a_method_that_plugins_use_is_documented(owner: type, name: str, method: Method) -> None:
    assert_arguments_and_result_are_documented(method)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_that_plugins_use_is_documented(function: Method) -> None:
    assert_arguments_and_result_are_documented(function)


def example_source(owner: type) -> str:
    """A complete subclass of a public class, from the examples of its methods: all abstract ones, and some others."""
    if "Example" in sections(owner):
        return sections(owner)["Example"]
    examples = [sections(method).get("Example") for method in methods(owner).values()]
    source = "\n\n".join(example for example in examples if example)
    if source.startswith("class "):
        return source
    name = "NormalModule" if owner is LatentModule else f"Example{owner.__name__}"  # as the docstring says
    return f'class {name}({owner.__name__}):\n    """An example."""\n\n{indent(source, "    ")}'


def example_classes() -> dict[type, typing.Any]:
    """The classes of all examples. One may use another: `build` returns the module of its kind's example."""
    names = {**PUBLIC, **IMPORTS}
    for owner in (LossTerm, *OWNERS):
        exec(example_source(owner), names)
    made = [
        each for name, each in names.items() if inspect.isclass(each) and name not in PUBLIC and name not in IMPORTS
    ]
    return {owner: next(each for each in made if issubclass(each, owner)) for owner in (LossTerm, *OWNERS)}


EXAMPLES = example_classes()


@pytest.mark.parametrize("owner", OWNERS)
def test_the_examples_of_a_class_are_a_complete_subclass(owner: type) -> None:
    assert not inspect.isabstract(EXAMPLES[owner])


def test_every_kind_is_tested_by_its_suite() -> None:
    assert {owner.__name__ for owner in OWNERS if issubclass(owner, Component)} == set(SUITES)


for kind, suite in SUITES.items():
    component = EXAMPLES[PUBLIC[kind]](**FIELDS.get(kind, {}))
    globals()[f"Test{kind}"] = type(f"Test{kind}", (suite,), {"component": component, "__module__": __name__})


@pytest.mark.parametrize("kind", ["Augmentation", "Head", "Latent", "Trunk"])
def test_a_suite_tests_the_example_of_the_module_too(kind: str) -> None:
    module = EXAMPLES[PUBLIC[f"{kind}Module"]].__name__
    assert f"return {module}(" in sections(PUBLIC[kind].build)["Example"]


def test_the_example_of_an_encoder_gives_posterior_parameters_of_its_code() -> None:
    discriminator = begin().game.discriminator
    latent = EXAMPLES[LatentModule]()
    encoder = EXAMPLES[Encoder](discriminator.trunk.features, "c", latent)
    params = encoder(DiscriminatorOutput(discriminator, torch.rand(3, 1, 12, 12), {}))
    assert {code: value.shape for code, value in params.items()} == {"c": (3, latent.posterior_width)}


def test_the_example_of_a_trunk_takes_images_of_any_shape() -> None:
    trunk = EXAMPLES[TrunkModule](ImageShape(3, 5, 7))
    assert trunk(torch.rand(2, 3, 5, 7)).vector.shape == (2, trunk.features)
