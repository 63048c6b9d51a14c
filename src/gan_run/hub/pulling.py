"""Gets a published model: into the hub's cache, or as a run folder."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from gan_run.core.base.errors import RunError
from gan_run.core.base.files import check_new
from gan_run.core.run import checkpoint
from gan_run.core.run.run_folder import RunFolder
from gan_run.hub.access import hub_errors, is_repo_name, require_hub
from gan_run.hub.layout import FILES, NEEDED, is_published
from gan_run.hub.portable import refuse_outside


def find_model(name: Path | str, revision: str | None = None) -> Path:
    """The folder of a run: a local one, or else that of a model on the hub, in the hub's cache.

    Args:
        name: A path, or the name of a repository, which a path of this name, or a folder named as its user, hides.
        revision: The branch, tag or commit of a repository.

    Raises:
        RunError: There is neither.
    """
    path = Path(name)
    is_local = path.exists() or (path.parent != Path() and path.parent.is_dir())
    if is_local or not isinstance(name, str) or not is_repo_name(name):
        if revision is not None:
            raise RunError(f"{name} is a folder of this machine, which has no revision {revision}")
        if not path.exists():
            raise RunError(f"there is no folder {name}")
        return path
    try:
        return download(name, revision, NEEDED)
    except RunError as error:
        raise RunError(f"{name} is no folder here, and as a model of the hub: {error}") from None


def pull(repo: str, target: Path, revision: str | None = None) -> Path:
    """Make a run folder of a published model.

    Args:
        repo: The repository, "user/repo".
        target: The run folder, which must not have entries.
        revision: The branch, tag or commit; None for the latest of the main branch.

    Returns:
        `target`, complete; nothing is left of an attempt that fails.

    Raises:
        RunError: The hub's library is not installed, the hub cannot be reached, or the model is none of gan-run's.
        DataError: `target` is not empty.
    """
    check_new(target)
    found = download(repo, revision, FILES)
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as temporary:
        copy = Path(temporary) / "run"
        for file in _published(found):
            (copy / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found / file, copy / file)
        latest = RunFolder(copy).latest()
        assert latest is not None, "download has found a checkpoint"
        checkpoint.verify(latest, (checkpoint.MODEL,))
        if target.exists():
            target.rmdir()
        copy.rename(target)
    return target


def download(repo: str, revision: str | None, patterns: Sequence[str]) -> Path:
    """The files of a model in the hub's cache, checked. Without a network, what is cached is used."""
    require_hub(repo)
    from huggingface_hub import snapshot_download

    with hub_errors(repo):
        folder = Path(snapshot_download(repo, revision=revision, allow_patterns=list(patterns), library_name="gan-run"))
    run = RunFolder(folder)
    if not run.spec_file.exists() or run.latest() is None:
        raise RunError(
            f"{repo} is no model of gan-run: it has no {'checkpoint' if run.spec_file.exists() else 'spec.json'}"
        )
    for file in (run.spec_file, run.evaluation_file):
        if file.exists():
            refuse_outside(json.loads(file.read_text(encoding="utf-8")), f"{repo}: {file.name}")
    return folder


def _published(folder: Path) -> list[Path]:
    """The files of a model, relative to its folder. Others that the cache has are left out."""
    files = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    return [file for file in files if is_published(file.as_posix())]
