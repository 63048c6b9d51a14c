"""The versions and hardware that a run was trained with."""

import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import torch


def describe_environment(device: str, plugins: Mapping[str, str], spec_file: Path | None) -> dict[str, object]:
    """Versions, machine and, if the spec is under git, its commit. `plugins`: version by distribution."""
    return {
        "gan-run": version("gan-run"),
        "plugins": dict(plugins),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "device": _device_name(device),
        "threads": torch.get_num_threads(),
        "spec_commit": None if spec_file is None else _commit(spec_file),
    }


def _processor() -> str:
    """The name of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _device_name(device: str) -> str:
    kind = torch.device(device).type
    return f"{device} ({torch.cuda.get_device_name(device)})" if kind == "cuda" else device


def _commit(file: Path) -> str | None:
    """The last commit of the repository of `file`, marked if the file differs from it; None outside git."""
    try:
        commit = _git(file.parent, "rev-parse", "HEAD")
        changed = _git(file.parent, "status", "--porcelain", "--", file.name)
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit} with changes" if changed else commit


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
