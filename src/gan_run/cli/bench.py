"""`gan-run bench`: how fast a spec trains on this machine."""

import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, answer, json_option, set_option, with_plugins

if TYPE_CHECKING:
    from gan_run.bench.baselines import Comparison
    from gan_run.bench.measure import Pace, Use


@click.command()
@click.argument("spec", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@set_option
@click.option("--steps", type=click.IntRange(1, 10**6), default=50, show_default=True, help="How many steps are timed.")
@click.option("--only-pace", is_flag=True, help="Only steps and images per second, in half the time.")
@click.option(
    "--against",
    type=click.Choice(["plain", "resident", "bare"]),
    help="Also time benchmarks/plain_infogan.py: a plain loop, with images in memory, or as fast as possible.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="Rounds of --against, each side in turn.",
)
@json_option
@click.option("--report", type=click.Path(path_type=Path), hidden=True, help="A file for the JSON. Used by --against.")
@with_plugins
def bench(
    plugins: Plugins,
    spec: Path,
    overrides: tuple[str, ...],
    steps: int,
    only_pace: bool,
    against: str | None,
    rounds: int,
    as_json: bool,
    report: Path | None,
) -> None:
    """Time the training of SPEC with its log and display: steps/s, the share of the device's peak, and the time that
    each part of a step takes."""
    from rich.console import Console

    from gan_run.bench.baselines import RECIPE, check_comparable, compare
    from gan_run.bench.measure import measure, time_steps
    from gan_run.core.run.environment import describe_environment
    from gan_run.core.run.resolve import resolve_device, with_train
    from gan_run.display.progress import progress
    from gan_run.runs import read_spec

    registry = plugins.registry
    read = resolve_device(read_spec(spec, overrides, registry))
    if against is not None:
        recipe = files("gan_run.examples") / f"{RECIPE}.json"
        check_comparable(read, read_spec(json.loads(recipe.read_text(encoding="utf-8")), registry=registry))
    console = Console(stderr=True)
    with progress(console) as display:
        if only_pace:
            pace, use = time_steps(read, steps, display), None
        else:
            pace, use = measure(read, steps, display)
    comparison = None
    if against is not None:
        settled = with_train(read, precision=pace.precision)
        comparison = compare(settled, against, steps, rounds, registry.command_line(), console.print)
    environment = describe_environment(read.train.device, registry.versions(), spec)
    content = _as_json(read.name, pace, use, comparison, environment)
    if report is not None:
        report.write_text(content, encoding="utf-8")
    if as_json:
        answer(content)
    else:
        click.echo(
            f"{read.name} on {environment['device']}, {environment['processor']}, {environment['threads']} threads"
        )
        _show(pace, use, comparison)


def _as_json(
    name: str, pace: "Pace", use: "Use | None", comparison: "Comparison | None", environment: dict[str, object]
) -> str:
    from dataclasses import asdict

    found = {"spec": name, **asdict(pace), **(asdict(use) if use else {}), "environment": environment}
    if comparison is not None:
        found["comparison"] = {**asdict(comparison), "ratio": comparison.ratio}
    return json.dumps(found, indent=2)


def _show(pace: "Pace", use: "Use | None", comparison: "Comparison | None") -> None:
    rows = {"steps/s": f"{pace.steps_per_second:.2f} in {pace.precision}", "images/s": f"{pace.images_per_second:.1f}"}
    if use is not None:
        rows["FLOPs"] = f"{use.flops_per_image / 1e6:.1f} M an image, {use.achieved_flops / 1e9:.1f} G/s"
        rows["of the peak"] = f"{use.share_of_peak:.1%} of {use.peak_flops / 1e9:.1f} GFLOP/s, a matrix product's here"
        rows["time in"] = ", ".join(f"{name} {share:.1%}" for name, share in use.shares.items())
        rows["peak memory"] = f"{use.peak_memory / 2**20:.0f} MiB"
    if comparison is not None:
        rows["against"] = f"{comparison.ratio:.2f} times the images/s of {comparison.against}"
    for name, value in rows.items():
        click.echo(f"  {name:<13}{value}")
