"""The code that the manual shows works as it is written there, and what the manual names exists."""

import itertools
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import Result

from gan_run import ImageSet, RunOptions, Stopped, load, read_spec, select, to_float, train, train_seeds
from gan_run.core.run.dry_run import dry_run
from gan_run.registry.plugins import load_plugins

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [*DOCS.glob("*.md"), *DOCS.glob("plugins/*.md")]
BLOCK = re.compile(r"^```(python|json)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# (\w+)\.py\n")

PLUGINS = (
    "laplace",
    "mean_image",
    "pixel_noise",
    "rectangles",
    "balanced",
    "second_opinion",
    "switch_balance",
    "small_conv",
    "snapshots",
    "smoothed",
    "brightness",
    "thumbnail",
    "dark_samples",
)
"""Plugins of components: the next JSON block of the page is the part of a spec that uses them."""
TESTED = ("smoothed", "brightness", "laplace", "rectangles", "shards")
"""Plugins whose tests the manual shows."""
SCRIPTS = (
    "from_python",
    "watched",
    "use_a_model",
    "make_datasets",
    "measure",
    "plot_metrics",
    "print_losses",
    "early_stopping",
    "without_a_plugin",
    "compare_runs",
    "several_seeds",
    "mistakes",
)
HOOKS = ("csv_log",)
COMMANDS = ("acme_runs",)
STREAMS = ("shards",)
STORES = ("memory_map",)
CRITERIA = ("mean_colour",)


def blocks() -> dict[str, tuple[str, str]]:
    """Every Python file that the manual shows, by name, with the JSON block that follows it on its page."""
    found: dict[str, tuple[str, str]] = {}
    for page in PAGES:
        shown = [*BLOCK.findall(page.read_text(encoding="utf-8")), ("", "")]
        for (language, text), (next_language, next_text) in pairwise(shown):
            if language == "python":
                name = FILE.match(text)
                assert name, f"{page.name}: a Python block without `# NAME.py` is not tested:\n{text}"
                assert name[1] not in found, f"{name[1]}.py is shown twice"
                found[name[1]] = text, next_text if next_language == "json" else ""
    return found


def code_of(name: str) -> str:
    return blocks()[name][0]


def write(folder: Path, name: str) -> Path:
    path = folder / f"{name}.py"
    path.write_text(code_of(name), encoding="utf-8")
    return path


def test_every_python_block_is_run_by_a_test() -> None:
    assert set(blocks()) == {
        *PLUGINS,
        *(f"test_{name}" for name in TESTED),
        *SCRIPTS,
        *HOOKS,
        *COMMANDS,
        *STREAMS,
        *STORES,
        *CRITERIA,
    }


@pytest.mark.parametrize("name", CRITERIA)
def test_the_criterion_ranks_runs(
    name: str, tmp_path: Path, small: Callable[..., dict[str, Any]], toys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(toys)
    registry = load_plugins(files=[write(tmp_path, name)])
    trained = train_seeds(small(train={"steps": 1}), 3, tmp_path / "runs", options=RunOptions(registry=registry))
    runs = list(trained.runs.values())
    (ranking,) = select(runs, [name.replace("_", "-")], registry=registry).rankings.values()
    assert sorted(ranking.order) == [0, 1, 2]


@pytest.mark.parametrize("name", PLUGINS)
def test_the_plugin_trains_with_the_spec_beside_it(
    name: str, tmp_path: Path, small: Callable[..., dict[str, Any]], toys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(toys)
    fields = json.loads(blocks()[name][1])
    registry = load_plugins(files=[write(tmp_path, name)])
    spec = read_spec(small(**fields, train={"steps": 2}), registry=registry)
    (plugin,) = [plugin for plugin in registry.plugins if plugin.name == name]
    used = {f"{component.kind}:{component.name()}" for _, component in spec.components()}
    assert set(plugin.components) <= used
    run = train(spec, tmp_path / "runs", options=RunOptions(registry=registry))
    assert load(run, registry=registry).sample(2).isfinite().all()


def test_the_store_gives_the_rows_of_its_file(tmp_path: Path) -> None:
    pixels = torch.arange(5 * 8, dtype=torch.uint8).view(5, 1, 2, 4)
    np.save(tmp_path / "x.npy", pixels.numpy())
    store = runpy.run_path(str(write(tmp_path, "memory_map")))["MemoryMap"](tmp_path / "x.npy")
    train, validation = ImageSet(store).split_off(2)
    assert torch.equal(validation.images, pixels[3:])
    assert torch.equal(train.batch(torch.tensor([2, 0])).images, to_float(pixels[[2, 0]]))


def test_the_stream_continues_with_the_same_bytes_after_an_interruption(
    tmp_path: Path, small: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    write(tmp_path, "shards")
    tests = runpy.run_path(str(write(tmp_path, "test_shards")))
    (tmp_path / "archives").mkdir()
    tests["TestShards"].archives.__wrapped__(tests["TestShards"](), tmp_path / "archives")
    registry = load_plugins(files=[tmp_path / "shards.py"])
    spec = small(**json.loads(blocks()["shards"][1]), train={"steps": 6, "updates": {"discriminator": 2}})
    assert dry_run(read_spec(spec, registry=registry)).images == "a stream of 8x8, 1 channel(s)"
    whole = train(spec, tmp_path / "whole", options=RunOptions(registry=registry))
    steps = itertools.count(1)
    options = RunOptions(registry=registry, stop=lambda: next(steps) == 3)
    with pytest.raises(Stopped):
        train(spec, tmp_path / "parts", options=options)
    parts = train(spec, tmp_path / "parts", options=RunOptions(registry=registry))
    for name in ("model.safetensors", "optimizer.safetensors"):
        last = Path("checkpoints", "step-00000006", name)
        assert (whole / last).read_bytes() == (parts / last).read_bytes()


def test_the_loss_works_once_it_is_installed(
    tmp_path: Path,
    install_plugin: Callable[..., Path],
    write_spec: Callable[..., Path],
    forked: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    site = install_plugin(tmp_path / "site", "smoothed", "0.1", code_of("smoothed"))
    spec = write_spec(losses=[{"type": "smoothed", "real": 0.8}], train={"steps": 2})

    without = forked(spec)
    assert without.returncode == 2
    assert "losses[0].type: no loss is called 'smoothed'" in without.stderr
    assert forked(spec, sites=(site,)).returncode == 0
    assert (tmp_path / "runs" / "small" / "evaluation.json").exists()


def test_the_loss_with_its_own_network_trains_it(
    tmp_path: Path, write_spec: Callable[..., Path], here: Callable[..., Result]
) -> None:
    fields = json.loads(blocks()["second_opinion"][1])
    spec = write_spec(**fields, train={"steps": 3, "log_every": 1})
    done = here(spec, "--plugin", write(tmp_path, "second_opinion"))
    assert done.exit_code == 0, done.output
    lines = (tmp_path / "runs" / "small" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    losses = [json.loads(line)["second-judge/second-opinion"] for line in lines]
    assert len(set(losses)) == 3


def test_the_command_lists_runs_once_it_is_installed(
    tmp_path: Path,
    install_plugin: Callable[..., Path],
    write_spec: Callable[..., Path],
    here: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = install_plugin(tmp_path / "site", "acme-runs", "0.1", code_of("acme_runs"))
    (points,) = site.glob("*.dist-info/entry_points.txt")
    points.write_text("[gan_run.commands]\nruns = acme_runs:runs\n", encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    here(write_spec(train={"steps": 2}))
    assert here("runs").output == "runs/small  2\n"


def test_the_plugin_of_hooks_writes_what_was_logged(
    tmp_path: Path, write_spec: Callable[..., Path], here: Callable[..., Result]
) -> None:
    done = here(write_spec(train={"steps": 2}), "--plugin", write(tmp_path, "csv_log"))
    assert done.exit_code == 0, done.output
    run = tmp_path / "runs" / "small"
    rows = [line.split(",") for line in (run / "scalars.csv").read_text(encoding="utf-8").splitlines()]
    logged = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    written = {(int(step), name): float(value) for step, name, value in rows}
    assert written == {(line["step"], name): value for line in logged for name, value in line.items() if "/" in name}
    assert (run / "result.txt").read_text(encoding="utf-8") == "finished after 2 steps\n"


def test_the_scripts_run(
    tmp_path: Path, write_spec: Callable[..., Path], environment: Callable[..., dict[str, str]]
) -> None:
    latents = {"category": {"type": "categorical", "classes": 10}, "c1": {"type": "uniform"}, "c2": {"type": "uniform"}}
    information = {"type": "mutual-information", "codes": {"category": 1.0, "c1": 1.0, "c2": 1.0}}
    spec = write_spec(latents=latents, losses=[{"type": "hinge"}, information], train={"log_every": 50})
    spec.rename(tmp_path / "spec.json")

    for name in (*SCRIPTS, "smoothed"):
        write(tmp_path, name)
    # In one process, since the import of torch takes most of the time.
    run_all = "import runpy, sys\nsys.argv[1:] = ['runs/small']\nfor script in {}:\n    runpy.run_path(script)\n"
    (tmp_path / "all.py").write_text(run_all.format([f"{name}.py" for name in SCRIPTS]))
    done = subprocess.run(
        [sys.executable, "all.py"],
        cwd=tmp_path,
        env=environment(MPLBACKEND="agg"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs" / "small" / "losses.png").read_bytes().startswith(b"\x89PNG")
    assert "discriminator/hinge" in done.stdout
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "table.csv").read_text(encoding="utf-8").startswith("group,runs,losses[1].weight")


def test_the_tests_in_the_manual_pass(tmp_path: Path) -> None:
    for name in TESTED:
        write(tmp_path, name)
        write(tmp_path, f"test_{name}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", tmp_path], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_the_specs_of_the_readme_and_the_guide_are_valid() -> None:
    ((_, text),) = [
        block for block in BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")) if block[0] == "json"
    ]
    content = json.loads(text)
    assert read_spec(content).name == content["name"]
    ((_, losses),) = BLOCK.findall((DOCS / "guide.md").read_text(encoding="utf-8"))
    content["latents"]["c2"] = content["latents"]["c1"]
    content["losses"] = [content["losses"][0], *json.loads(f"[{losses}]")]
    assert len(read_spec(content).losses) == 3


def test_paths_and_classes_of_the_architecture_page_exist() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    paths = [name for name in named if "/" in name]
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("core", "registry", "src/gan_run", "plugins")
        for path in (ROOT / folder).rglob("*.py")
    )
    missing = []
    for name in (name for name in named if re.fullmatch(r"[A-Z]\w+(\.\w+)?", name)):
        owner, _, method = name.partition(".")
        body = re.search(rf"^class {owner}\b.*?(?=^\S|\Z)", source, re.DOTALL | re.MULTILINE)
        if body is None or (method and f"def {method}(" not in body[0]):
            missing.append(name)
    assert missing == []


def test_the_words_of_the_picture_are_packages_and_plugin_groups() -> None:
    """The layers in the picture are those of the import contract, and every group of plugins is in it."""
    picture = (DOCS / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    for folder in [*(ROOT / "core").iterdir(), *(ROOT / "plugins").iterdir()]:
        if (folder / "__init__.py").exists():
            assert re.search(rf"\b{folder.name}\b", picture), f"{folder} is not in the picture"


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "examples" / "README.md"]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            made = "/reference/" in f"/{target}"
            assert made or target.startswith("http") or (page.parent / target).exists(), f"{page.name}: {target}"


RIDDLES = re.compile(
    r"\bnobody\b|\bwhoever\b|\bin vain\b|\b(is|are) told\b|\bwhat is asked of\b|\bthat which\b|\bhas to outlast\b"
    r"|\bgoes? by what\b|\bwhat may be\b|\bwhat comes of\b|\bby heart\b|\bof its own accord\b|\ball the same\b",
    re.IGNORECASE,
)


def test_pages_are_worded_plainly() -> None:
    for page in [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "examples" / "README.md"]:
        found = RIDDLES.search(page.read_text(encoding="utf-8"))
        assert found is None, f"{page.name}: {found and found[0]}"
