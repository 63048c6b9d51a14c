"""The tests that every component passes."""

import sys
from functools import cache
from pathlib import Path

import pytest
from pydantic import ValidationError

from gan_run.core.kinds.component import Component, ValidationContext
from gan_run.registry.plugins import Registry, load_plugins


class ComponentSuite:
    """Set `component` to an instance of the component, with the field values to test."""

    component: Component

    def test_it_has_a_name_and_a_docstring(self) -> None:
        assert type(self.component).name()
        assert vars(type(self.component)).get("__doc__"), "its docstring is what `gan-run components` shows"

    def test_it_is_written_to_json_and_read_back_unchanged(self) -> None:
        registry = installed_plugins().with_components(plugin_of(self.component))
        written = self.component.model_dump(mode="json")
        reread = type(self.component).model_validate(written, context=ValidationContext(registry.catalogue, Path.cwd()))
        assert reread == self.component
        assert reread.model_dump(mode="json") == written

    def test_a_field_it_does_not_have_is_refused(self) -> None:
        written = {**self.component.model_dump(), "no_such_field": 1}
        with pytest.raises(ValidationError, match="no_such_field"):
            type(self.component).model_validate(written)

    def test_a_former_field_name_is_read_as_the_present_one(self) -> None:
        cls = type(self.component)
        for old, new in cls.former_names().items():
            written = {name: getattr(self.component, name) for name in cls.model_fields}
            written[old] = written.pop(new)
            with pytest.warns(FutureWarning, match=f"'{old}' is now called '{new}'"):
                assert cls.model_validate(written) == self.component

    def test_it_is_frozen(self) -> None:
        with pytest.raises(ValidationError):
            self.component.type = "other"  # type: ignore[attr-defined]  # every component has one


@cache
def installed_plugins() -> Registry:
    """The installed plugins, loaded once in each process: tests of a component install none."""
    return load_plugins()


def plugin_of(component: Component) -> list[type[Component]]:
    """The classes that the plugin of a component registers, and its own class.

    The plugin is the component's module, or the nearest package above it that has a `gan_run_components`.
    """
    name = type(component).__module__
    while name:
        register = getattr(sys.modules.get(name), "gan_run_components", None)
        if register is not None:
            return [type(component), *(other for other in register() if other is not type(component))]
        name = name.rpartition(".")[0]
    return [type(component)]
