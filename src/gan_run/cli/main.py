"""The entry point. Each command is in the file of its name."""

import click

from gan_run.cli.bench import bench
from gan_run.cli.check import check
from gan_run.cli.common import block_option
from gan_run.cli.compare import compare
from gan_run.cli.components import components
from gan_run.cli.demo import demo
from gan_run.cli.encode import encode
from gan_run.cli.evaluate import evaluate
from gan_run.cli.explore import explore
from gan_run.cli.export import export
from gan_run.cli.group import CommandOrSpec
from gan_run.cli.init import init
from gan_run.cli.invert import invert
from gan_run.cli.label import label
from gan_run.cli.new_plugin import new_plugin
from gan_run.cli.plugins import plugins
from gan_run.cli.pull import pull
from gan_run.cli.push import push
from gan_run.cli.report import report
from gan_run.cli.sample import sample
from gan_run.cli.schema import schema
from gan_run.cli.select import select
from gan_run.cli.sweep import sweep
from gan_run.cli.train import train
from gan_run.cli.traverse import traverse


@click.group(cls=CommandOrSpec, default="train", no_args_is_help=True)
@click.version_option(package_name="gan-run")
@block_option
@click.pass_context
def main(ctx: click.Context, blocked: tuple[str, ...]) -> None:
    """Train GANs from declarative specs, and look at what their codes mean.

    `gan-run SPEC.json` trains a spec; `gan-run init` lists ready-made ones.
    """
    ctx.obj = blocked


USE = (
    train,
    sweep,
    init,
    check,
    explore,
    report,
    sample,
    traverse,
    encode,
    invert,
    evaluate,
    compare,
    select,
    label,
    export,
    push,
    pull,
    demo,
)
EXTEND = (bench, plugins, components, schema, new_plugin)
for command in (*USE, *EXTEND):
    main.add_command(command)
