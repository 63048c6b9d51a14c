import pytest

from gan_run.core.base.distributed import SINGLE, collective_device, torchrun


@pytest.mark.parametrize(
    ("backends", "device"),
    [("cpu:gloo,cuda:gloo", "cpu"), ("cpu:gloo,cuda:nccl", "cpu"), ("cuda:nccl", "cuda"), ("xpu:xccl", "xpu")],
)
def test_a_flag_is_reduced_on_a_device_that_the_group_has_a_backend_for(backends: str, device: str) -> None:
    assert collective_device(backends) == device


def test_a_process_that_nothing_launched_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with torchrun() as world:
        assert world == SINGLE


def test_a_clusters_world_size_without_torchruns_other_variables_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "8")
    for name in ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with (
        pytest.warns(RuntimeWarning, match="WORLD_SIZE is 8, but RANK, LOCAL_RANK.* trains alone"),
        torchrun() as world,
    ):
        assert world == SINGLE
