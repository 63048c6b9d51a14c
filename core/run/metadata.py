"""What a run folder records before its training: the spec, the data, what it runs on, copies of plugin files."""

from collections.abc import Mapping
from pathlib import Path

from gan_run.core.base.errors import show_place
from gan_run.core.base.files import hash_file
from gan_run.core.engine.training import Training
from gan_run.core.images.fingerprint import fingerprint
from gan_run.core.images.image_set import ImageSet
from gan_run.core.kinds.spec import Spec, dump
from gan_run.core.run import data_description
from gan_run.core.run.environment import describe_environment
from gan_run.core.run.options import Plugins
from gan_run.core.run.records import record
from gan_run.core.run.run_folder import RunFolder


def write_metadata(
    training: Training,
    folder: RunFolder,
    plugins: Plugins,
    spec_file: Path | None,
    images: ImageSet | None,
    ancestry: Mapping[str, object] | None,
) -> None:
    """Write environment.json, data.json, spec.json and copies of plugin files, and drop what is logged again.

    Args:
        training: Which goes on from its step.
        folder: The run folder.
        plugins: With which it trains.
        spec_file: The file that the spec was read from, whose commit is recorded.
        images: The training images; None of a stream.
        ancestry: The run that this one was begun from, if it was begun now.

    Raises:
        RunError: The data is not what it was when the run began, or a file is damaged.
    """
    spec = training.spec
    data = data_description.dump(training.info, None if images is None else fingerprint(images))
    folder.check_data(data)
    folder.warn_of_lost_lines()
    folder.cut_logs(training.step)
    folder.keep_plugins(plugins.files)
    stretch: dict[str, object] = {"from_step": training.step, "seed": spec.seed, "processes": training.world.count}
    if training.step == 0 and (weights := _hashes(spec)):
        stretch["weights"] = weights
    if ancestry is not None:
        stretch["init_from"] = ancestry
    environment = describe_environment(spec.train.device, plugins.versions(), spec_file)
    # Before the files whose digests it has: whatever is interrupted, they are as one of the stretches says.
    folder.add_environment({**stretch, **environment, "files": record(spec, data)})
    folder.write_data(data)
    folder.write_spec(dump(spec))


def _hashes(spec: Spec) -> dict[str, str]:
    """The SHA-256 of each file of weights, by its place in the spec."""
    return {
        show_place((*place, field)): hash_file(path)
        for place, component in spec.components()
        for field, path in component.files().items()
    }
