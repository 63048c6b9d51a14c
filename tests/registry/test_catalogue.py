from typing import Literal

import pytest

from gan_run import Component, Loss, LossContext, LossTerm, NotFoundByName
from gan_run.registry.catalogue import Catalogue, Entry
from gan_run.registry.plugins import Registry


class Hinge(Loss):
    type: Literal["hinge"] = "hinge"

    def build(self, context: LossContext) -> LossTerm:
        return LossTerm()


class OtherHinge(Hinge):
    pass


class Wasserstein(Hinge):
    type: Literal["wasserstein"] = "wasserstein"  # type: ignore[assignment]


def catalogue(*entries: tuple[type[Component], str]) -> Catalogue:
    built = Catalogue()
    for component, distribution in entries:
        built.add(Entry(component, "plugin", distribution, "1.0"))
    return built


def test_a_bare_name_finds_the_only_component_of_that_name() -> None:
    found = catalogue((Hinge, "acme"), (Wasserstein, "acme"))
    assert found.find("loss", "hinge") is Hinge
    assert found.find("loss", "wasserstein") is Wasserstein


def test_a_qualified_name_finds_it_whether_or_not_it_is_needed() -> None:
    alone, two = catalogue((Hinge, "acme")), catalogue((Hinge, "acme"), (OtherHinge, "rival"))
    assert alone.find("loss", "acme:hinge") is Hinge
    assert two.find("loss", "acme:hinge") is Hinge
    assert two.find("loss", "rival:hinge") is OtherHinge


def test_a_bare_name_that_two_claim_is_refused_with_both_names() -> None:
    with pytest.raises(NotFoundByName, match="choose acme:hinge or rival:hinge"):
        catalogue((Hinge, "acme"), (OtherHinge, "rival")).find("loss", "hinge")


def test_an_unknown_name_is_refused_with_the_nearest_and_all() -> None:
    with pytest.raises(NotFoundByName) as caught:
        catalogue((Hinge, "acme"), (Wasserstein, "acme")).find("loss", "hnge")
    expected = "no loss is called 'hnge'; did you mean 'hinge'? (there is: hinge, wasserstein)"
    assert str(caught.value) == expected


def test_a_qualified_name_of_another_distribution_is_refused() -> None:
    with pytest.raises(NotFoundByName, match="no loss is called 'rival:hinge'"):
        catalogue((Hinge, "acme")).find("loss", "rival:hinge")


def test_a_component_is_not_found_under_another_kind() -> None:
    with pytest.raises(NotFoundByName, match=r"no metric is called 'hinge'.*there is: nothing"):
        catalogue((Hinge, "acme")).find("metric", "hinge")


def test_what_could_not_be_loaded_is_named_where_something_is_missing() -> None:
    found = catalogue((Hinge, "acme"))
    found.broken["extra (acme-extra 2.1)"] = "ImportError: no numba"
    with pytest.raises(NotFoundByName, match=r"plugin extra \(acme-extra 2\.1\) could not be loaded: ImportError"):
        found.find("loss", "softplus")
    assert found.find("loss", "hinge") is Hinge


def test_names_are_those_a_spec_may_write() -> None:
    found = catalogue((Hinge, "acme"), (OtherHinge, "rival"), (Wasserstein, "acme"))
    assert found.names("loss") == ["acme:hinge", "rival:hinge", "wasserstein"]
    assert all(found.find("loss", name) for name in found.names("loss"))


def test_a_kind_of_a_plugins_own_is_there_beside_the_others(registry: Registry) -> None:
    assert {"fragrance", "generator", "latent", "loss", "trunk"} <= set(registry.catalogue.kinds())
    assert registry.catalogue.names("fragrance") == ["rose"]
