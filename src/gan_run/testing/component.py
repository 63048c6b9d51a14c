"""What holds of every component."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gan_run.core.kinds.component import Component, ValidationContext
from gan_run.registry.plugins import load_plugins


class ComponentSuite:
    """Set `component` to one of yours; its fields are what is tested with."""

    component: Component

    def test_it_has_a_name_and_says_what_it_is(self) -> None:
        assert type(self.component).name()
        assert vars(type(self.component)).get("__doc__"), "its docstring is what `gan-run components` shows"

    def test_what_a_spec_says_of_it_reads_back_as_the_same(self) -> None:
        kind, name = type(self.component).kind, type(self.component).name()
        registry = load_plugins()
        if name not in registry.catalogue.names(kind):
            registry = registry.with_components([type(self.component)])
        written = self.component.model_dump(mode="json")
        reread = type(self.component).model_validate(written, context=ValidationContext(registry.catalogue, Path.cwd()))
        assert reread == self.component
        assert reread.model_dump(mode="json") == written

    def test_a_field_it_does_not_have_is_refused(self) -> None:
        written = {**self.component.model_dump(), "no_such_field": 1}
        with pytest.raises(ValidationError, match="no_such_field"):
            type(self.component).model_validate(written)

    def test_it_cannot_be_changed(self) -> None:
        with pytest.raises(ValidationError):
            self.component.type = "other"  # type: ignore[attr-defined]  # every component has one
