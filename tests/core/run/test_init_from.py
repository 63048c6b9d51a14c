from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_run import RunError, Stopped
from gan_run.core.run import checkpoint
from gan_run.core.run.run_folder import RunFolder

Small = Callable[..., dict[str, Any]]


Bench = Any


def test_init_from_loads_what_matches_and_lists_the_rest(bench: Bench, small: Small) -> None:
    source = bench.train(small(name="source", train={"steps": 3}))
    wider = small(name="wider", generator={"type": "mlp", "hidden": [20]}, train={"init_from": str(source)})
    with pytest.raises(Stopped):
        bench.train(wider, stop_at=1)
    (said,) = bench.said
    names = [name.removeprefix("game.") for name in bench.weights(source) if name.startswith("game.stack.generator.")]
    # The last bias alone does not depend on the width.
    left = sorted(name for name in names if not name.endswith("2.bias"))
    loaded_from, _, listed = said.partition("; left as initialised, for want of this name and shape there: ")
    assert loaded_from == f"weights from {source}/checkpoints/step-00000003"
    assert sorted(listed.split(", ")) == left


def test_init_from_starts_with_the_same_weights(bench: Bench, small: Small) -> None:
    source = bench.train(small(name="source", train={"steps": 3}))
    still = small(name="still", seed=9, train={"steps": 1, "init_from": str(source)})
    for player in still["optimizers"].values():
        player["lr"] = 0
    folder = bench.train(still)
    assert bench.said[0].endswith("this name and shape there: none")
    theirs, ours = bench.weights(source), bench.weights(folder)
    parameters = [name for name in theirs if name.startswith("game.") and name.endswith((".weight", ".bias"))]
    assert parameters
    for name in parameters:
        assert torch.equal(theirs[name], ours[name]), name
    # The average begins at these weights too.
    prefix = "average.module.generator."
    for name in (name for name in ours if name.startswith(prefix)):
        assert torch.equal(ours[name], ours[name.replace(prefix, "game.stack.generator.")]), name


def test_with_more_latents_the_generator_keeps_its_inputs_by_name(bench: Bench, small: Small) -> None:
    source = bench.train(small(name="source", train={"steps": 3}))
    z, category, c = (small()["latents"][name] for name in ("z", "category", "c"))
    latents = {"z": z, "more": {"type": "uniform", "count": 2}, "category": category, "c": c}
    still = small(name="still", seed=9, latents=latents, train={"steps": 1, "init_from": str(source)})
    for player in still["optimizers"].values():
        player["lr"] = 0
    folder = bench.train(still)
    said, more = bench.said[:2]
    assert said.endswith("this name and shape there: none")
    (name,) = (name for name in bench.weights(folder) if more.endswith(name.removeprefix("game.")))
    theirs, ours = bench.weights(source)[name], bench.weights(folder)[name]
    assert (theirs.shape, ours.shape) == ((12, 8), (12, 10))
    assert torch.equal(ours[:, [0, 1, 2, 3, 6, 7, 8, 9]], theirs)
    assert ours[:, 4:6].abs().min() > 0


def test_with_more_codes_the_encoder_keeps_its_outputs_by_name(bench: Bench, small: Small) -> None:
    source = bench.train(small(name="source", train={"steps": 3}))
    latents = {**small()["latents"], "more": {"type": "uniform", "count": 2}}
    adversarial, information = small()["losses"]
    codes = {"category": 1.0, "more": 1.0, "c": 1.0}
    still = small(
        name="still",
        seed=9,
        latents=latents,
        losses=[adversarial, {**information, "codes": codes}],
        train={"steps": 1, "init_from": str(source)},
    )
    for player in still["optimizers"].values():
        player["lr"] = 0
    folder = bench.train(still)
    said, more = bench.said[:2]
    assert said.endswith("this name and shape there: none")
    prefix = "terms.mutual-information.q.layers.3"
    assert more.endswith(f"stack.generator.0.weight, {prefix}.weight, {prefix}.bias")
    before, now = bench.weights(source), bench.weights(folder)
    categories = small()["latents"]["category"]["classes"]
    for name in (f"game.{prefix}.weight", f"game.{prefix}.bias"):
        theirs, ours = before[name], now[name]
        width = len(ours) - len(theirs)  # of the new code
        assert width >= 2
        assert torch.equal(ours[:categories], theirs[:categories])
        assert torch.equal(ours[categories + width :], theirs[categories:])
    assert now[f"game.{prefix}.weight"][categories : categories + width].abs().min() > 0


def test_with_other_latents_the_generators_inputs_begin_anew(bench: Bench, small: Small) -> None:
    source = bench.train(small(name="source", train={"steps": 1}))
    latents = {**small()["latents"], "z": {"type": "gaussian", "count": 6}}
    with pytest.raises(Stopped):
        bench.train(small(name="other", latents=latents, train={"init_from": str(source)}), stop_at=1)
    (said,) = bench.said
    assert said.endswith("this name and shape there: stack.generator.0.weight")


def test_init_from_a_checkpoint(bench: Bench, small: Small) -> None:
    source = bench.train(small(name="source", train={"steps": 4, "checkpoint_every": 2}))
    earlier = source / "checkpoints" / "step-00000002"
    still = small(name="still", train={"steps": 1, "init_from": str(earlier)})
    for player in still["optimizers"].values():
        player["lr"] = 0
    folder = bench.train(still)
    assert bench.said[0].startswith(f"weights from {earlier};")
    theirs = checkpoint.load_model(checkpoint.Checkpoint(2, earlier))
    name = "game.stack.generator.0.weight"
    assert torch.equal(bench.weights(folder)[name], theirs[name])
    assert not torch.equal(bench.weights(source)[name], theirs[name])


def test_init_from_is_no_resume_and_a_resume_is_no_init_from(bench: Bench, small: Small) -> None:
    source = bench.train(small(name="source", train={"steps": 3}))
    spec = small(train={"init_from": str(source)})
    with pytest.raises(Stopped):
        bench.train(spec, stop_at=2)
    assert bench.steps.began_at == [0]
    bench.train(spec)
    assert bench.said == [f"resuming {bench.out / 'small'} after step 2"]


def test_init_from_where_nothing_matches_is_refused(bench: Bench, small: Small) -> None:
    source = bench.train(small(name="source", train={"steps": 1}))
    # A head on one logit has one bias, whatever else there is: take it out.
    latest = RunFolder(source).latest()
    assert latest is not None
    tensors, optimizer = checkpoint.load(latest)
    rest = {name: tensor for name, tensor in tensors.items() if not name.startswith("game.discriminator.head")}
    checkpoint.save(latest.folder.parent, 2, rest, optimizer)
    # Of a batch norm the counter has the same shape in both, and is no weight.
    assert "game.terms.mutual-information.q.layers.1.num_batches_tracked" in rest

    other = small(
        data={"type": "toys", "side": 6},
        latents={"c": {"type": "uniform"}},
        generator={"type": "mlp", "hidden": [5]},
        discriminator={"trunk": {"type": "mlp", "hidden": [4]}, "head": {"type": "linear"}},
        losses=[{"type": "minimax"}, {"type": "mutual-information", "codes": {"c": 1.0}, "hidden": 7}],
        train={"init_from": str(source)},
    )
    with pytest.raises(RunError, match=r"train\.init_from: nothing there matches"):
        bench.train(other)


def test_init_from_a_folder_without_a_checkpoint_is_refused(bench: Bench, small: Small, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"train\.init_from: .* holds no checkpoint"):
        bench.train(small(train={"init_from": str(tmp_path)}))
    assert not list(bench.out.glob("*"))  # no run was begun
