"""The hub's library, and its errors as a user can mend them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from gan_run.core.base.errors import GanRunError, RunError

REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
"""The name of a repository: user/repo."""


def is_repo_name(text: str) -> bool:
    """Whether a text has the form of a repository's name."""
    return REPO.fullmatch(text) is not None and "--" not in text and ".." not in text


def require_hub(repo: str) -> None:
    """Check a repository's name, and that the hub's library is installed.

    Raises:
        RunError: One of these is not so.
    """
    if not is_repo_name(repo):
        raise RunError(f"{repo!r} is no name of a model on the hub: it is written as user/repo")
    try:
        import huggingface_hub  # noqa: F401
    except ImportError:
        raise RunError(f"{repo}: the hub needs huggingface_hub: pip install 'gan-run[hub]'") from None


@contextmanager
def hub_errors(repo: str) -> Iterator[None]:
    """Within, whatever the hub's library raises is a RunError that says what to do."""
    from huggingface_hub import errors

    try:
        yield
    except GanRunError:
        raise
    except (errors.RepositoryNotFoundError, errors.LocalTokenNotFoundError):
        reason = "the hub has no such model, or this account may not see it; `hf auth login` gives access to one's own"
        raise RunError(f"{repo}: {reason}") from None
    except errors.RevisionNotFoundError:
        raise RunError(f"{repo}: there is no such revision") from None
    except errors.HfHubHTTPError as error:
        code = error.response.status_code
        login = "; `hf auth login` with a token that may write" if code in (401, 403) else ""
        raise RunError(f"{repo}: the hub answers {code}: {_first_line(error)}{login}") from None
    except errors.LocalEntryNotFoundError:
        raise RunError(f"{repo}: the hub cannot be reached, and the model is not in its cache") from None
    except Exception as error:  # of the library, or of the one that it sends requests with
        cause: BaseException = error
        while cause.__cause__ is not None:  # the library's own error may say only that an upload failed
            cause = cause.__cause__
        raise RunError(f"{repo}: {type(cause).__name__}: {_first_line(cause)}") from error


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "")
