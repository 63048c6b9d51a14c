"""Tensors are computed once for all that decides them, and again where their file is damaged."""

from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pytest
import torch
from torch import Tensor

from gan_run import DataError, cached_tensors, hash_tensors


class Counted:
    """Computes two tensors, and counts how often."""

    def __init__(self, value: float = 1.0) -> None:
        self.calls = 0
        self.value = value

    def __call__(self) -> dict[str, Tensor]:
        self.calls += 1
        return {"a": torch.full((2, 3), self.value), "b": torch.tensor(7)}


def test_tensors_are_computed_once_for_a_key(tmp_path: Path) -> None:
    compute = Counted()
    first = cached_tensors(tmp_path / "new", {"n": 1, "m": [2]}, compute)
    second = cached_tensors(tmp_path / "new", {"m": [2], "n": 1}, compute)
    assert compute.calls == 1
    assert first.keys() == second.keys() == {"a", "b"}
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_another_key_has_tensors_of_its_own(tmp_path: Path) -> None:
    assert cached_tensors(tmp_path, {"n": 1}, Counted(1.0))["a"].mean() == 1
    assert cached_tensors(tmp_path, {"n": 2}, Counted(2.0))["a"].mean() == 2
    assert cached_tensors(tmp_path, {"n": 1}, Counted(3.0))["a"].mean() == 1


def cut(content: bytes) -> bytes:
    return content[:-3]


def flip_last_bit(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def empty(content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damage", [cut, flip_last_bit, empty])
def test_a_damaged_file_is_replaced(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    compute = Counted()
    cached_tensors(tmp_path, {"n": 1}, compute)
    (file,) = tmp_path.glob("*.safetensors")
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert torch.equal(cached_tensors(tmp_path, {"n": 1}, compute)["a"], torch.ones(2, 3))
    assert compute.calls == 2
    assert file.read_bytes() == whole


def test_an_interrupted_computation_leaves_no_file(tmp_path: Path) -> None:
    def interrupted() -> dict[str, Tensor]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_tensors(tmp_path, {"n": 1}, interrupted)
    assert not list(tmp_path.glob("*.safetensors"))
    assert cached_tensors(tmp_path, {"n": 1}, Counted())["b"] == 7


def test_of_several_at_once_one_computes_and_the_others_wait(tmp_path: Path) -> None:
    compute, start = Counted(), Barrier(4)

    def ask() -> None:
        start.wait()
        cached_tensors(tmp_path, {"n": 1}, compute)

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert compute.calls == 1


def test_a_folder_that_cannot_be_written_is_said_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DataError, match="set `cache` to another folder"):
        cached_tensors(tmp_path / "file", {"n": 1}, Counted())


def test_a_hash_depends_on_name_type_shape_and_values_and_not_on_the_order() -> None:
    a, b = torch.zeros(2, 3), torch.ones(4, dtype=torch.bfloat16)
    whole = hash_tensors({"a": a, "b": b})
    assert hash_tensors({"b": b, "a": a.clone()}) == whole
    others = [
        {"a": a, "c": b},
        {"a": a.double(), "b": b},
        {"a": a.view(3, 2), "b": b},
        {"a": a, "b": b * 2},
        {"a": a},
    ]
    assert len({whole, *map(hash_tensors, others)}) == 6
    assert hash_tensors({"a": a.T.contiguous().T}) == hash_tensors({"a": a})
