"""The page: one HTML file with the model, ONNX Runtime Web, scripts and style in it."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from pydantic import JsonValue

from gan_run.core.base.data_uri import data_uri
from gan_run.core.base.errors import DataError
from gan_run.core.base.files import cache_folder
from gan_run.core.images.grid import why_not_shown
from gan_run.core.images.info import Split
from gan_run.explorer import runtime
from gan_run.explorer.codes import shown_dims, with_names
from gan_run.explorer.parts import parts_of
from gan_run.loading import LoadedRun

FILES = Path(__file__).parent / "files"
SCRIPTS = (
    "embedded",
    "scheduler",
    "latents",
    "pictures",
    "model",
    "cells",
    "controls",
    "codes",
    "noises",
    "path",
    "encode",
    "names",
    "page",
)
"""The page's own modules."""


@dataclass(frozen=True)
class Page:
    """The page of a run.

    Attributes:
        run: The run, whose model is on the CPU.
        split: The split whose images are shown beside generated ones; None for none.
        served: Whether a server answers the page, which saves names.
    """

    run: LoadedRun
    split: Split | None
    served: bool

    def html(self) -> str:
        """The page.

        Raises:
            DataError: The images are no pictures, a network cannot be exported, or ONNX Runtime Web cannot be fetched.
        """
        model = self.run.model
        if problem := why_not_shown(model.image):
            raise DataError(problem)
        parts = parts_of(self.run, self.split)
        files = {"wasm": (_runtime_folder() / runtime.WASM).read_bytes(), **parts.networks}
        scripts = self._scripts()
        environment = Environment(autoescape=True, loader=PackageLoader("gan_run.explorer", "files"))
        return environment.get_template("page.html.j2").render(
            title=self.run.spec.name,
            subtitle=f"After {self.run.step:,} steps{parts.description['note']}",
            style=_raw((FILES / "page.css").read_text(encoding="utf-8")),
            description=_json({**with_names(model, parts.description), "served": self.served}),
            files={name: _raw(base64.b64encode(content).decode()) for name, content in files.items()},
            importmap=_json({"imports": {name: _script_url(text) for name, text in scripts.items()}}),
            modules=[
                "explorer/controls.js",
                *(name for name in scripts if name.startswith("control/")),
                "explorer/page.js",
            ],
        )

    def _scripts(self) -> Mapping[str, str]:
        """All modules of the page by the name that others import them by."""
        scripts = {f"explorer/{name}.js": (FILES / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS}
        scripts["onnxruntime-web"] = (_runtime_folder() / runtime.MODULE).read_text(encoding="utf-8")
        for _, control in shown_dims(self.run.model):
            if control.script:
                scripts[f"control/{control.element}.js"] = control.script
        return scripts


def _runtime_folder() -> Path:
    """The folder that holds ONNX Runtime Web. Raises DataError if it cannot be fetched."""
    fetched = cache_folder(f"onnxruntime-web-{runtime.VERSION}")
    for folder in (runtime.BUILT_IN, fetched):
        if (folder / runtime.WASM).exists() and (folder / runtime.MODULE).exists():
            return folder
    try:
        runtime.fetch_runtime(fetched)
    except OSError as error:
        raise DataError(
            f"ONNX Runtime Web, which runs models in a browser, cannot be downloaded into {fetched} ({error}): "
            "NPM_CONFIG_REGISTRY names a registry other than npm's own"
        ) from None
    return fetched


def _script_url(script: str) -> str:
    return data_uri(script.encode(), "text/javascript")


def _json(content: Mapping[str, JsonValue]) -> Markup:
    """JSON that cannot end the element it is in."""
    return _raw(json.dumps(content, allow_nan=False).replace("<", "\\u003c"))


def _raw(text: str) -> Markup:
    """Text that is not escaped: the package's own, base64, or JSON without tags."""
    return Markup(text)  # noqa: S704  # see above
