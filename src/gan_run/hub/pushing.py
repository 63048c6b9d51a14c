"""Publishes a run."""

from pathlib import Path
from tempfile import TemporaryDirectory

from gan_run.core.base.errors import RunError
from gan_run.core.run.options import Plugins
from gan_run.hub.access import hub_errors, require_hub
from gan_run.hub.layout import FILES
from gan_run.hub.publishing import write_published
from gan_run.loading import LoadedRun


def push(
    loaded: LoadedRun,
    registry: Plugins,
    repo: str,
    *,
    private: bool = False,
    revision: str | None = None,
    licence: str | None = None,
) -> tuple[list[Path], str]:
    """Publish a run, in the place of what was published there before. Other files of the repository stay.

    Args:
        loaded: The run, with the checkpoint to publish.
        registry: The installed plugins.
        repo: The repository, "user/repo"; it is made if there is none.
        private: Whether a new repository is private.
        revision: A branch, which is made if there is none; None for the main one.
        licence: The licence, as the hub names it.

    Returns:
        The files, and the address of the model.

    Raises:
        RunError: The hub's library is not installed; the hub cannot be reached, or refuses; or the repository is public
            and `private` is asked for.
    """
    require_hub(repo)
    from huggingface_hub import HfApi

    with TemporaryDirectory() as temporary, hub_errors(repo):
        folder = Path(temporary) / "model"
        folder.mkdir()
        files = write_published(loaded, registry, folder, repo, licence)
        api = HfApi(library_name="gan-run")
        url = api.create_repo(repo, private=private or None, exist_ok=True)
        if private and not api.model_info(repo).private:
            raise RunError(f"{repo} is public: nothing was pushed. Make it private on the hub, or leave out --private")
        if revision is not None:
            api.create_branch(repo, branch=revision, exist_ok=True)
        api.upload_folder(
            repo_id=repo,
            folder_path=folder,
            revision=revision,
            delete_patterns=list(FILES),
            commit_message=f"{loaded.spec.name} after {loaded.step} steps",
        )
    return files, str(url)
