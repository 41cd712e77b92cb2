"""The hook of pre-commit, installed and run as in a repository of somebody else."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.test_action import sample

ROOT = Path(__file__).parents[1]
HOOKS = ROOT / ".pre-commit-hooks.yaml"
CONFIG = ".pre-commit-config.yaml"


def surroundings(home: Path) -> dict[str, str]:
    """Return an environment that knows nothing of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    git = {"CONFIG_GLOBAL": os.devnull, "CONFIG_NOSYSTEM": "1"}
    git |= {f"{who}_{what}": "x@y" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    own = {
        "HOME": str(home),
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "PRE_COMMIT_COLOR": "never",
    }
    pip = {"PYTHONPATH": sysconfig.get_path("purelib"), "PIP_NO_COMPILE": "1"}
    return kept | {f"GIT_{name}": value for name, value in git.items()} | own | pip


def run(home: Path, folder: Path, *command: str) -> tuple[int, str]:
    """Run a command in a folder; return its exit code, and what it has said."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=surroundings(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout


def commit(home: Path, folder: Path) -> str:
    """Make a repository of a folder, and return the name of its only commit."""
    for command in ("init -q", "add .", "commit -q -m x"):
        assert run(home, folder, "git", *command.split()) == (0, "")
    return run(home, folder, "git", "rev-parse", "HEAD")[1].strip()


def test_the_hook_judges_all_files_together() -> None:
    hooks: list[dict[str, Any]] = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    assert [hook["id"] for hook in hooks] == ["bce-check"]
    assert hooks[0]["entry"] == "bce check"
    assert hooks[0]["require_serial"] is True
    found = re.compile(hooks[0]["files"])
    names = ("a/b.csv", "b.parquet", "csv.py")
    assert [bool(found.search(name)) for name in names] == [True, True, False]


def test_the_hook_of_the_page_is_there() -> None:
    hooks = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    used = [hook["id"] for repo in sample(CONFIG)["repos"] for hook in repo["hooks"]]
    assert used == [hook["id"] for hook in hooks]


@pytest.mark.deep
@pytest.mark.skipif(
    importlib.util.find_spec("pre_commit") is None or shutil.which("git") is None,
    reason="there is no pre-commit, of the extra dev, or no git",
)
def test_a_commit_of_predictions_that_are_too_bad_is_refused(tmp_path: Path) -> None:
    home, hooks, models = (tmp_path / name for name in ("home", "hooks", "models"))
    for folder in (home, models / "predictions"):
        folder.mkdir(parents=True)
    shutil.copytree(ROOT / "bce_cli", hooks / "bce_cli", ignore=shutil.ignore_patterns("*.pyc"))
    for name in ("pyproject.toml", "README.md", "LICENSE", HOOKS.name):
        shutil.copy(ROOT / name, hooks)
    config = sample(CONFIG)
    config["repos"][0] |= {"repo": str(hooks), "rev": commit(home, hooks)}
    (models / CONFIG).write_text(yaml.safe_dump(config), encoding="utf-8")
    (models / "other.csv").write_text("not,predictions\n", encoding="utf-8")
    (models / "predictions" / "a.csv").write_text("label,p\n1,0.9\n0,0.2\n", encoding="utf-8")
    commit(home, models)
    pre_commit = (sys.executable, "-m", "pre_commit", "run", "--all-files")
    code, said = run(home, models, *pre_commit)
    assert (code, said.splitlines()[-1]) == (0, f"bce check{'.' * 64}Passed")
    (models / "predictions" / "b.csv").write_text("label,p\n1,0.1\n", encoding="utf-8")
    assert run(home, models, "git", "add", "-A") == (0, "")
    code, said = run(home, models, *pre_commit)
    assert code == 1
    assert said == (
        f"bce check{'.' * 64}Failed\n"
        "- hook id: bce-check\n"
        "- exit code: 3\n\n"
        "predictions/a.csv, predictions/b.csv: 3 rows, 1 check\n"
        "check              value         limit  verdict\n"
        "───────────────────────────────────────────────\n"
        "mean loss, nats  0.87703  at most 0.65  FAILED\n"
        "Read: label 'label', prediction 'p'.\n"
        "Failed: mean loss 0.87703 is above 0.65.\n"
        "bce: check failed: mean loss 0.87703 is above 0.65\n\n"
    )
