"""`gan-run select` ranks the runs of real seeds, links the choice, and refuses what cannot be compared."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gan_run import GanRunError, select

Here = Callable[..., Result]


@pytest.fixture
def runs(here: Here, write_spec: Callable[..., Path], tmp_path: Path) -> list[str]:
    spec = write_spec(train={"steps": 2}, metrics=[], artifacts=[])
    done = here(spec, "--seeds", "3", "--jobs", "1")
    assert done.exit_code == 0, done.stderr
    return sorted(f"runs/{path.name}" for path in (tmp_path / "runs").iterdir())


def test_the_choice_is_that_of_the_first_criterion_and_is_linked(here: Here, runs: list[str], tmp_path: Path) -> None:
    done = here("select", *runs, "--json", "--link", "best")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    (criterion,) = found["criteria"].values()  # the spec has one continuous code: other criteria need two
    assert list(found["criteria"]) == ["clustering-agreement"]
    assert found["chosen"] == criterion["order"][0] == max(criterion["scores"], key=criterion["scores"].get)
    assert sorted(criterion["order"]) == runs
    assert criterion["margin"] >= 0
    assert (tmp_path / "runs/best").readlink() == Path(Path(found["chosen"]).name)  # relative: the folder may be moved
    assert (criterion["kept"], criterion["selections_without_one_run"]) == (None, 2)
    assert here("sample", "runs/best", "--n", "2").exit_code == 0
    again = here("select", *runs, "--json", "--link", "best")
    assert json.loads(again.stdout) == found
    whole = json.loads(here("select", "runs", "--json").stdout)  # the link leads to a run that is there
    assert (whole["chosen"], sorted(whole["criteria"]["clustering-agreement"]["order"])) == (found["chosen"], runs)

    shown = here(
        "select", *runs, "--by", "clustering-agreement", "--by", '{"type": "clustering-agreement", "measure": "ari"}'
    )
    assert shown.exit_code == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0].split() == ["clustering-agreement", "clustering-agreement-again-1"]
    assert [line.split()[0] for line in lines[1:4]] == criterion["order"]
    assert lines[-1] == f"chosen: {found['chosen']}"
    assert f"{criterion['margin']:.4f} before the next" in shown.stdout


def test_seeds_are_ranked_when_they_are_trained(here: Here, write_spec: Callable[..., Path]) -> None:
    spec = write_spec(train={"steps": 1}, metrics=[], artifacts=[])
    done = here(spec, "--seeds", "3", "--jobs", "1", "--select")
    assert done.exit_code == 0, done.stderr
    assert "clustering-agreement: " in done.stdout
    assert "chosen: " in done.stdout
    few = here(spec, "--seeds", "2", "--select")
    assert few.exit_code == 2
    assert "N is 3 or more" in few.stderr


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["--by", "clustering-agreemnt"], "did you mean 'clustering-agreement'?"),
        (["--by", '{"type": "clustering-agreement", "measure": "x"}'], "measure: it has to be 'nmi' or 'ari'"),
        (["--by", "{"], "--by {: "),
        (["--by", "udr"], "udr.type: there are less than two continuous codes"),
        (["--link", "small-seed-0"], "exists and is no symbolic link"),
        (["--link", "other/best"], "it is the name of a link beside the run"),
        (["--checkpoint", "7"], "has no checkpoint at step 7"),
    ],
)
def test_mistakes_are_answered(here: Here, runs: list[str], arguments: list[str], answer: str) -> None:
    arguments = [argument.replace("small-seed-0", runs[0].removeprefix("runs/")) for argument in arguments]
    done = here("select", *runs, *arguments)
    assert done.exit_code == 2
    assert answer in done.stderr


def test_a_category_that_no_loss_encodes_is_no_clustering(here: Here, write_spec: Callable[..., Path]) -> None:
    spec = write_spec(name="plain", train={"steps": 1}, losses=[{"type": "non-saturating"}], metrics=[], artifacts=[])
    assert here(spec, "--seeds", "3", "--jobs", "1").exit_code == 0
    done = here("select", *(f"runs/{path.name}" for path in sorted((spec.parent / "runs").glob("plain-*"))))
    assert done.exit_code == 2
    assert "no criterion fits these runs: clustering-agreement: runs/plain-seed-" in done.stderr
    assert ": codes: there is no categorical code" in done.stderr


def test_seeds_that_no_criterion_could_rank_are_not_trained(here: Here, write_spec: Callable[..., Path]) -> None:
    spec = write_spec(name="plain", losses=[{"type": "non-saturating"}], metrics=[], artifacts=[])
    done = here(spec, "--seeds", "3", "--jobs", "1", "--select")
    assert done.exit_code == 2
    assert "no criterion fits these runs: clustering-agreement: codes: there is no categorical code" in done.stderr
    assert not (spec.parent / "runs").exists()


def test_runs_that_cannot_be_compared_are_refused(
    here: Here, runs: list[str], write_spec: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(GanRunError, match="needs 3 runs or more, and these are 2"):
        select([tmp_path / runs[0], tmp_path / runs[1], tmp_path / runs[0]])
