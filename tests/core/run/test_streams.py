"""Training on a stream: an array file that is read in order."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from gan_run import (
    DataError,
    DataInfo,
    FeedContext,
    ImageSet,
    RunError,
    RunOptions,
    ShuffledFeed,
    SpecError,
    Splits,
    Stopped,
    StoredImages,
    load,
    read_spec,
    train,
)
from gan_run.core.engine.state import feed_tensors, load_feed_tensors
from gan_run.core.run.data_description import dump, read
from gan_run.core.run.dry_run import dry_run
from gan_run.core.run.resolve import check_against_data
from gan_run.registry.plugins import Registry
from in_order import COUNT, IMAGE, InOrder, InOrderFeed

Small = Callable[..., dict[str, Any]]


@pytest.fixture
def options(registry: Registry) -> RunOptions:
    return RunOptions(registry=registry, components=[InOrder], notify=lambda text: None)


@pytest.fixture
def data(tmp_path: Path) -> dict[str, object]:
    pixels = np.random.default_rng(0).integers(0, 256, (COUNT, *IMAGE), dtype=np.uint8)
    (tmp_path / "images").write_bytes(pixels.tobytes())
    return {"type": "in-order", "file": str(tmp_path / "images")}


def stop_after(steps: int, options: RunOptions) -> RunOptions:
    asked = iter(range(1, 100))
    return RunOptions(
        registry=options.registry,
        components=options.components,
        notify=options.notify,
        stop=lambda: next(asked) == steps,
    )


def final(run: Path) -> Iterator[bytes]:
    last = sorted((run / "checkpoints").iterdir())[-1]
    return ((last / name).read_bytes() for name in ("model.safetensors", "optimizer.safetensors"))


@pytest.mark.parametrize("kind", ["stream", "set"])
@pytest.mark.parametrize("updates", [{}, {"discriminator": 3}, {"generator": 2}])
def test_an_interrupted_run_ends_with_the_bytes_of_an_uninterrupted_one(
    small: Small, data: dict[str, object], options: RunOptions, tmp_path: Path, kind: str, updates: dict[str, int]
) -> None:
    spec = small(data={**data, "kind_of": kind}, train={"updates": updates})
    whole = train(spec, tmp_path / "whole", options=options)
    for steps in (2, 3):
        with pytest.raises(Stopped):
            train(spec, tmp_path / "parts", options=stop_after(steps, options))
    parts = train(spec, tmp_path / "parts", options=options)
    assert list(final(parts)) == list(final(whole))
    assert load(parts, registry=options.plugins().with_components([InOrder])).sample(2).isfinite().all()


def test_the_position_is_in_the_checkpoint(
    small: Small, data: dict[str, object], options: RunOptions, tmp_path: Path
) -> None:
    run = train(small(data=data, train={"steps": 3, "updates": {"discriminator": 2}}), tmp_path, options=options)
    tensors = load_file(run / "checkpoints" / "step-00000003" / "optimizer.safetensors")
    assert int(tensors["feed.position"]) == 3 * 2 * 8  # and not what was read ahead


def test_a_stream_that_saves_no_position_is_refused_unless_the_spec_accepts_it(
    small: Small, data: dict[str, object], options: RunOptions, tmp_path: Path
) -> None:
    stateless = {**data, "kind_of": "stateless"}
    message = r'data: in-order is a stream that saves no position.*"restart": true accepts that'
    with pytest.raises(SpecError, match=message):
        dry_run(read_spec(small(data=stateless), components=[InOrder]))
    with pytest.raises(SpecError, match=message):
        train(small(data=stateless), tmp_path, options=options)
    spec = small(data={**stateless, "restart": True})
    with pytest.raises(Stopped):
        train(spec, tmp_path, options=stop_after(2, options))
    train(spec, tmp_path, options=options)


def test_a_checkpoint_of_another_source_is_refused(tmp_path: Path) -> None:
    info, stored = DataInfo(IMAGE, {"train": COUNT}), StoredImages(tmp_path / "images", IMAGE, COUNT)
    context = FeedContext(info, ImageSet(stored), 4)
    stream, shuffled = InOrderFeed(stored, context), ShuffledFeed(context)
    with pytest.raises(RunError, match="the checkpoint has no position of the training images' feed"):
        load_feed_tensors({}, stream)
    with pytest.raises(RunError, match="the checkpoint has a position of the training images' feed"):
        load_feed_tensors(feed_tensors(stream), shuffled)
    load_feed_tensors(feed_tensors(shuffled), shuffled)


def test_an_error_in_a_thread_ends_the_run_with_its_own_type_and_no_thread_is_left(
    small: Small, data: dict[str, object], options: RunOptions, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="shard 3 is damaged"):
        train(small(data={**data, "kind_of": "breaks"}), tmp_path, options=options)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("read-ahead")]
    assert (tmp_path / "small" / "checkpoints" / "step-00000002").is_dir()


def test_check_reports_a_stream_and_refuses_what_needs_its_images(small: Small, data: dict[str, object]) -> None:
    def problems(**fields: object) -> list[str]:
        spec = read_spec(small(data=data, **fields), components=[InOrder])
        return [str(problem) for problem in spec.data_problems(spec.data.describe())]

    assert dry_run(read_spec(small(data=data), components=[InOrder])).images == "a stream of 8x8, 1 channel(s)"
    latents = {"z": {"type": "gaussian"}, "y": {"type": "label"}}
    (problem,) = problems(latents=latents, losses=[{"type": "hinge"}])
    assert problem.startswith("latents.y: a label is drawn as all training images have it, and these are a stream")
    (problem,) = problems(metrics=[{"type": "cluster-accuracy", "code": "category"}])
    assert problem == "metrics[0].fit: the train split is a stream, which gives batches for training alone"
    assert problems(metrics=[{"type": "cluster-accuracy", "code": "category", "fit": "test"}]) == []
    semi = {"type": "ss-infogan", "labelled": 2}
    information = {"type": "mutual-information", "codes": {"category": 1.0}}
    (problem,) = problems(losses=[{"type": "hinge"}, information, semi])
    assert problem.startswith("losses[2].labelled: no images can be chosen beforehand")
    spec = read_spec(small(data={**data, "validation": 3}), components=[InOrder])
    with pytest.raises(DataError, match=r"data\.validation: the training split is a stream"):
        check_against_data(spec, Splits(spec.data))


def test_its_description_is_written_and_read() -> None:
    info = DataInfo(IMAGE, {"test": 3})
    assert read(dump(info, None)) == info
    assert read(dump(info, None)).is_stream


@pytest.mark.usefixtures("timed_precisions")
def test_auto_precision_is_timed_on_streams_of_their_own(
    small: Small, data: dict[str, object], options: RunOptions, tmp_path: Path
) -> None:
    spec = small(data=data, train={"precision": "auto", "steps": 2})
    run = train(spec, tmp_path, options=options)
    tensors = load_file(run / "checkpoints" / "step-00000002" / "optimizer.safetensors")
    assert int(tensors["feed.position"]) == 2 * 8
