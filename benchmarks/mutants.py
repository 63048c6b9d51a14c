"""Mutants of the losses, the latents and the checkpoint: changes of their code that no test notices.

    pip install mutmut
    python benchmarks/mutants.py [--out FOLDER]

Needs the repository and the extra `test`; takes a quarter of an hour of one core. Prints how many mutants the tests
kill, and each that survives for none of the reasons in `SAME`; exits with 1 if there is one. mutmut follows no links:
the tests run in copies in which the links of src/gan_run are folders. The tests of the mutated files come first; those
that take longer are for what survives them without a reason.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
MUTATED = ("plugins/losses/", "plugins/latents/", "core/run/checkpoint.py")
NEAR = ("tests/plugins/losses", "tests/plugins/latents", "tests/core/run/test_checkpoint.py")
"""The tests of the mutated files."""
FAR = (
    *("tests/test_suites.py", "tests/core/kinds", "tests/hub"),
    *(f"tests/core/run/test_{name}.py" for name in ("resuming", "what_is_believed", "best", "init_from", "on_nan")),
    *(f"tests/core/run/test_{name}.py" for name in ("run_folder", "dry_run_refusals")),
)
"""Further tests, by which mutants are noticed that survive those."""
SURVIVED, UNTESTED = 0, 33
"""mutmut's exit codes of a mutant that no test notices, and of one in code that no test runs."""
ALIVE = (SURVIVED, UNTESTED, None)
"""With None, of a mutant that was not run: it is not known to be killed."""


def keyword(name: str) -> str:
    """A pattern of a line of which a keyword argument was taken away, or replaced by a constant."""
    return rf"(?s)^-(.*?),? ?{name}=[\w.]+(.*)\n\+\1,? ?(?:{name}=\w+)?\2$"


SAME: Mapping[str, str] = {
    keyword("device"): "the CPU is the default device, where the tests run; those of tests/gpu run elsewhere",
    keyword("validate_args"): "arguments of distributions are valid: that they are not checked saves time",
    keyword("strict"): "the sequences have one length",
    keyword("one_sided"): "None is as false as False",
    r"assert .*, \"|^-\s*\"[^\"]*\"$": "the text of an assertion",
    r"unsqueeze\(\+1\)": "the values are (N,): their last new dimension is the second",
    r"nan_to_num\(None\)": "0 is the default",
    r"\+.*rand\(.*\) <= ": "a random number never equals the bound",
    r"\+.*\.clamp\(0, (None|2|)\)": "a mean log-likelihood is at most 0",
    r"register_buffer\(\"(real|fake)\", torch.tensor\(1.0\)\)": "it is multiplied by 0 before the first update",
    r"range\(61\)|too_flat = .* <= ": "the bisection has converged, and its ends are never met",
    r"shape\[:\+1\]|dim=\+1\)": "the values are (N,), their parameters (N, width)",
    r"shape\[\+2\]": "images are (N, C, H, W)",
    r"\+.*\.clamp\(None, QUANTILES": "what is below the range has no density, whichever interval it is counted to",
    r"\+.*numel\(\) / ": "the division has no remainder",
    r"\+.*lerp_\(.*\.to\(None\)": "the value has the dtype and the device of the mean",
    r"encoding=(None|\"UTF-8\")|\+.*sealed\(content\)\), \)": "JSON is written in ASCII",
    r"\+.*permutation\(|\+.*\{\"(XXallXX|ALL)\": ": "another random order",
    r"persistent=None": "None is as false as False",
}
"""Reasons why a changed line does the same as before, by a pattern of the removed and the added line."""


def main() -> None:
    """Run the mutants."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    options.add_argument("--out", type=Path, help="a new folder for the copy; default: one that is deleted")
    out = options.parse_args().out
    if out is not None:
        sys.exit(report(out))
    with TemporaryDirectory() as folder:
        sys.exit(report(Path(folder) / "copies"))


def report(out: Path) -> int:
    """Run the mutants in copies; returns 1 if one survives without a reason."""
    ended = run(out / "near", NEAR)
    reasons: Counter[str] = Counter()
    unexplained: dict[str, str] = {}
    for name in (name for name, code in ended.items() if code in ALIVE):
        change = change_of(name, out / "near")
        if (reason := next((why for what, why in SAME.items() if re.search(what, change)), None)) is None:
            unexplained[name] = change
        else:
            reasons[reason] += 1
    further = run(out / "far", FAR, list(unexplained)) if unexplained else {}
    left = {name: change for name, change in unexplained.items() if further[name] in ALIVE}
    print(f"mutants {len(ended)}, killed {len(ended) - sum(reasons.values()) - len(left)}")
    for reason, count in reasons.most_common():
        print(f"  {count} do the same: {reason}")
    print(f"survivors without a reason: {len(left)}")
    for name, change in left.items():
        print(name, change, sep="\n")
    return int(bool(left))


def run(copy: Path, tests: Sequence[str], mutants: Sequence[str] = ()) -> Mapping[str, int | None]:
    """Run mutants in a new copy.

    Args:
        copy: The folder.
        tests: The tests, by their paths.
        mutants: Their names; none given, all.

    Returns:
        The exit code of pytest for each mutant, by its name; None of one that was not run.
    """
    make_copy(copy, tests)
    subprocess.run([sys.executable, "-m", "mutmut", "run", "--max-children", "1", *mutants], cwd=copy, check=False)
    ended: dict[str, int | None] = {}
    for file in sorted((copy / "mutants").rglob("*.meta")):
        ended.update(json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"])
    return ended


def make_copy(copy: Path, tests: Sequence[str]) -> None:
    """The files of the repository, in which src/gan_run has folders in place of links, and the settings of mutmut."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        if not (ROOT / name).is_symlink():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    for link in sorted((ROOT / "src/gan_run").iterdir()):
        if link.is_symlink():
            (copy / link.name).rename(copy / "src/gan_run" / link.name)
            (copy / link.name).symlink_to(Path("src/gan_run") / link.name)
    settings = {
        "source_paths": [f"src/gan_run/{path}" for path in MUTATED],
        "pytest_add_cli_args_test_selection": tests,
        "pytest_add_cli_args": ["-n0"],
        "also_copy": ["src", "tests", "pyproject.toml", "examples", "README.md", "docs"],
    }
    with (copy / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n[tool.mutmut]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items()))


def change_of(name: str, copy: Path) -> str:
    """The removed and the added lines of a mutant."""
    command = [sys.executable, "-m", "mutmut", "show", name]
    shown = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=True).stdout
    lines = (line for line in shown.splitlines() if line[:1] in "+-" and line[:3] not in ("---", "+++"))
    return "\n".join(line[:1] + line[1:].strip() for line in lines)


if __name__ == "__main__":
    main()
