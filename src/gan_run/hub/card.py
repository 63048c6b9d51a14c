"""The model card: README.md of a published model, for people and for the hub's search."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.kinds.metric import Measurement
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.metric_summary import Result
from gan_run.loading import LoadedRun

USE = """\
## Use

    pip install 'gan-run[hub]'

```python
import gan_run

gan = gan_run.load("{repo}")
images = gan.sample(64{held})  # float {shape} in [-1, 1]
{encode}```

`gan-run pull {repo}` makes a run folder of it, on which `gan-run sample`, `traverse`, `encode`, `export` and `evaluate`
work. It has no training state.
"""
ENCODE = """\
codes = gan.encode(images)  # the code of each image, by name
print({codes})
"""


@dataclass(frozen=True)
class Card:
    """What the card says.

    Attributes:
        loaded: The run, with the published checkpoint.
        spec: Its spec as it was trained.
        results: What was measured of the checkpoint.
        environment: What the run was trained on, as environment.json has it.
        repo: The repository, "user/repo".
        licence: The licence, as the hub names it; None for none.
        pictures: The pictures, relative to the card; the first shows samples.
    """

    loaded: LoadedRun
    spec: Spec
    results: Sequence[Result]
    environment: Mapping[str, object]
    repo: str
    licence: str | None
    pictures: Sequence[Path]

    def text(self) -> str:
        """The whole card."""
        parts = [
            self._front_matter(),
            f"# {self.spec.name}\n",
            f"{self.spec.description}\n" if self.spec.description else "",
            f"![Samples]({self.pictures[0].as_posix()})\n" if self.pictures else "",
            self._use(),
            *self._codes(),
            *self._numbers(),
            *self._data(),
            *self._training(),
        ]
        return "\n".join(part for part in parts if part) + "\n"

    def _front_matter(self) -> str:
        from huggingface_hub import ModelCardData

        tags = ["gan-run", "gan", *dict.fromkeys(loss.name() for loss in self.spec.losses)]
        data = ModelCardData(
            license=self.licence, library_name="gan-run", pipeline_tag="unconditional-image-generation", tags=tags
        )
        return f"---\n{data.to_yaml()}\n---\n"

    @property
    def _source(self) -> str:
        """The type of the data source, also of one that is not installed."""
        return str(self.spec.data.model_dump(include={"type"}, warnings=False)["type"])

    @property
    def _dims(self) -> list[CodeDim]:
        return self.loaded.model.code_dims()

    def _use(self) -> str:
        model = self.loaded.model
        held = next((f", {dim.name}=0" for dim in self._dims if dim.copy is None), "")
        shape = f"(64, {', '.join(map(str, model.image))})"
        codes = ", ".join(f'codes["{name}"]' for name in model.codes)
        return USE.format(repo=self.repo, held=held, shape=shape, encode=ENCODE.format(codes=codes) if codes else "")

    def _codes(self) -> Iterator[str]:
        if not self._dims:
            return
        model, strips = self.loaded.model, self.pictures[1:]
        yield "## Codes\n"
        yield _table(["code", "name", "kind", "values"], [self._code(dim) for dim in self._dims])
        for dim, strip in zip(self._dims, strips, strict=False):
            yield f"![{model.code_names.title(dim)}]({strip.as_posix()})\n"

    def _code(self, dim: CodeDim) -> list[str]:
        model = self.loaded.model
        names, latent = model.code_names, model.latents[dim.name]
        named = names.codes.get(str(dim))
        values = latent.traversal_values(2).tolist()
        if latent.cardinality is not None:
            categories = range(latent.cardinality)
            titles = [f"{value}: {names.value_title(dim, value)}" for value in categories if names.names_values(dim)]
            shown = ", ".join(titles) or f"0 to {latent.cardinality - 1}"
        else:
            shown = f"{values[0]:g} to {values[-1]:g}"
        return [str(dim), (named.name if named else None) or "", self.spec.latents[dim.name].name(), shown]

    def _numbers(self) -> Iterator[str]:
        rows = []
        for metric, found in self.results:
            on = _measured_on(metric.measured_on(found))
            for path, value in metric.headline(found).items():
                headline = metric.headline_of(path)
                number = f"{headline.show(value)} {headline.unit}".strip()
                rows.append([metric.name(), path, number, headline.better, on])
        if rows:
            yield "## Numbers\n"
            yield _table(["metric", "number", "value", "better", "measured on"], rows)

    def _data(self) -> Iterator[str]:
        info = self.loaded.folder.data_info()
        sizes = ", ".join(f"{count:,} {split}" for split, count in info.sizes.items())
        yield "\n## Data\n"
        yield f"`{self._source}`: images of {info.image}; {sizes}."
        if info.class_names is not None:
            yield f"Classes: {', '.join(info.class_names)}."

    def _training(self) -> Iterator[str]:
        stretches = self.environment.get("stretches")
        last = stretches[-1] if isinstance(stretches, list) and stretches else {}
        plugins = {name: version for name, version in last.get("plugins", {}).items() if name != "gan-run"}
        yield "\n## Training\n"
        yield (
            f"{self.loaded.step:,} steps of {self.spec.train.batch_size} images, seed {self.spec.seed}, by gan-run "
            f"{last.get('gan-run', '')} and torch {last.get('torch', '')}. [spec.json](spec.json) has every setting."
        )
        if plugins:
            yield f"Plugins that were installed: {', '.join(f'{name} {version}' for name, version in plugins.items())}."


def _measured_on(stated: Measurement) -> str:
    """As in "test, 10,000 images"."""
    return ", ".join(f"{value:,} {name}" if isinstance(value, int) else str(value) for name, value in stated.items())


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
