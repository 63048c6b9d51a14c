"""The categories of a condition have the names of the classes of the data."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from gan_run import load
from gan_run.core.base.errors import CodeError
from gan_run.core.kinds.code_names import CodeNames
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]
Bench = Any


def test_a_label_is_named_as_the_data_names_its_classes(bench: Bench, small: Small, registry: Registry) -> None:
    latents = {**small()["latents"], "y": {"type": "label"}}
    model = load(bench.train(small(latents=latents, train={"steps": 1})), registry=registry)
    (dim,) = model.latents.code_dims(["y"])
    names = [model.code_names.value_name(dim, value) for value in range(model.latents["y"].cardinality or 0)]
    assert len(names) >= 2
    for value, name in enumerate(names):
        assert model.code_values({"y": name})[dim] == value
        assert torch.equal(model.sample(3, codes={"y": name}, seed=1), model.sample(3, codes={"y": value}, seed=1))
    with pytest.raises(CodeError, match="no category is called 'cat'"):
        model.code_values({"y": "cat"})
    (category,) = model.latents.code_dims(["category"])
    assert not model.code_names.names_values(category)


def test_names_that_are_numbers_are_names(bench: Bench, small: Small, registry: Registry) -> None:
    latents = {**small()["latents"], "y": {"type": "label"}}
    model = load(bench.train(small(latents=latents, train={"steps": 1})), registry=registry)
    (dim,) = model.latents.code_dims(["y"])
    names = CodeNames().with_classes(model.latents, {"y": ["10", "2=3 #[x]"]})
    assert names.number(dim, "10") == 0
    assert names.number(dim, "2=3 #[x]") == 1
    assert names.number(dim, "#1") == 1
    with pytest.raises(CodeError, match="no category is called 1 "):
        names.number(dim, "1")
