"""How the explorer's page lets its user set a value of a latent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from pydantic import JsonValue


@dataclass(frozen=True)
class Control:
    """A control of the explorer: a custom element of HTML.

    The page creates the element and gives it three properties before it attaches it: `settings`, `label` (the name of
    the code) and `names` (the names of categories). The element has a property `value`, a number, and sends an `input`
    event when its user changes it. `Control.slider`, `choice`, `dial`, `switch` and `hidden` are the page's own.

    Attributes:
        element: The element's name, with a hyphen in it: `phase-knob`. Empty if there is no control.
        settings: What the element needs to know, as JSON.
        script: JavaScript that defines the element, a module; empty for an element of the page's own.

    Example:
        SCRIPT = '''
        class PhaseKnob extends HTMLElement {
          connectedCallback() {
            this.innerHTML = `<input type="number" aria-label="${this.label}" step="${this.settings.step}">`;
          }
          get value() { return Number(this.firstElementChild.value); }
          set value(number) { this.firstElementChild.value = number; }
        }
        customElements.define("phase-knob", PhaseKnob);
        '''
        Control("phase-knob", {"step": 0.1}, SCRIPT)
    """

    element: str
    settings: Mapping[str, JsonValue] = field(default_factory=dict)
    script: str = ""

    @classmethod
    def slider(cls, low: float, high: float) -> Self:
        """A slider of a number.

        Args:
            low: The lower end of the values that training draws. The slider goes beyond it by half the range.
            high: The upper end.

        Returns:
            The control.
        """
        return cls("code-slider", {"low": low, "high": high})

    @classmethod
    def choice(cls, count: int) -> Self:
        """A button for each category.

        Args:
            count: How many there are.

        Returns:
            The control.
        """
        return cls("code-choice", {"count": count})

    @classmethod
    def dial(cls, period: float) -> Self:
        """A knob of an angle.

        Args:
            period: The period of its values, 2 pi for radians.

        Returns:
            The control.
        """
        return cls("code-dial", {"period": period})

    @classmethod
    def switch(cls) -> Self:
        """A switch, off (0) or on (1).

        Returns:
            The control.
        """
        return cls("code-switch")

    @classmethod
    def hidden(cls) -> Self:
        """No control: the values are drawn as noise is.

        Returns:
            The control.
        """
        return cls("")
