"""The entry point."""

import click

from gan_run.cli.bench import bench
from gan_run.cli.group import CommandOrSpec
from gan_run.cli.installed import components, plugins, schema
from gan_run.cli.label import label
from gan_run.cli.run_commands import evaluate, sample, traverse
from gan_run.cli.scaffold import new_plugin
from gan_run.cli.specs import check, init
from gan_run.cli.train import train


@click.group(cls=CommandOrSpec, default="train", no_args_is_help=True)
@click.version_option(package_name="gan-run")
def main() -> None:
    """Train GANs from declarative specs, and look at what their codes mean.

    `gan-run SPEC.json` trains a spec; `gan-run init` lists ready-made ones.
    """


for command in (train, init, check, sample, traverse, evaluate, label, bench, plugins, components, schema, new_plugin):
    main.add_command(command)
