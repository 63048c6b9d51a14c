import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_run.core.base.randomness import derive_seed, fork_rng, isolated_rng, permutation, seed_everything

PARTS = st.lists(st.one_of(st.integers(0, 10**6), st.text(alphabet="abc", max_size=3)), min_size=1, max_size=3)


def test_a_seed_is_the_same_on_every_machine_and_in_every_version() -> None:
    # blake2b-64 of "0", U+001F, "step", U+001F, "7", without its lowest bit.
    assert derive_seed(0, "step", 7) == 5327707716131262063


@given(PARTS, PARTS)
def test_seeds_differ_exactly_where_their_parts_do(some: list[str | int], others: list[str | int]) -> None:
    assert (derive_seed(*some) == derive_seed(*others)) == (list(map(str, some)) == list(map(str, others)))


@given(PARTS)
def test_a_seed_is_one_that_torch_takes(parts: list[str | int]) -> None:
    assert 0 <= derive_seed(*parts) < 2**63
    torch.Generator().manual_seed(derive_seed(*parts))


def test_the_border_between_parts_counts() -> None:
    assert derive_seed("a", "bc") != derive_seed("ab", "c")


def test_seeding_sets_the_global_stream_by_all_parts() -> None:
    seed_everything(0, "step", 1)
    first = torch.rand(4)
    seed_everything(0, "step", 2)
    assert not torch.equal(torch.rand(4), first)
    seed_everything(0, "step", 1)
    assert torch.equal(torch.rand(4), first)


def test_a_private_stream_is_reproducible_and_leaves_the_callers_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with isolated_rng("look", 1):
        drawn = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    with isolated_rng("look", 1):
        assert torch.equal(torch.rand(3), drawn)
    assert not torch.equal(drawn, expected)


def test_a_private_stream_gives_the_callers_back_after_an_error() -> None:
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError), isolated_rng("look"):
        torch.rand(3).view(2)
    assert torch.equal(torch.get_rng_state(), before)


@given(st.integers(1, 200), st.integers(0, 100))
def test_a_permutation_holds_every_index_once(length: int, seed: int) -> None:
    assert torch.equal(permutation(length, seed).sort().values, torch.arange(length))


def test_a_permutation_depends_on_its_parts_alone_and_draws_from_no_stream() -> None:
    before = torch.get_rng_state()
    order = permutation(50, 0, "epoch", 1)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(99)
    assert torch.equal(permutation(50, 0, "epoch", 1), order)
    assert not torch.equal(permutation(50, 0, "epoch", 2), order)
    assert not torch.equal(permutation(50, 1, "epoch", 1), order)


class FakeAccelerator:
    """Stands for an accelerator that this machine does not have: it records what is asked of its random state."""

    def __init__(self) -> None:
        self.state = torch.zeros(4, dtype=torch.uint8)

    def get_rng_state(self, device: int) -> torch.Tensor:
        return self.state.clone()

    def set_rng_state(self, state: torch.Tensor, device: int) -> None:
        self.state = state.clone()


def test_the_stream_of_an_accelerator_that_is_no_cuda_device_is_restored_too(monkeypatch: pytest.MonkeyPatch) -> None:
    device = FakeAccelerator()
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("mps"))
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 1)
    monkeypatch.setattr(torch.mps, "get_rng_state", device.get_rng_state)
    monkeypatch.setattr(torch.mps, "set_rng_state", device.set_rng_state)
    with fork_rng():
        device.state += 1  # a draw
    assert device.state.sum() == 0
