"""The README shows what the program really prints."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bce_cli.readers.columns import LABEL_NAMES, PREDICTION_NAMES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = ("", "compute", "demo", "compare", "calibration", "check")
BLOCKS = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)


def run_block(block: str, folder: Path) -> str:
    """Run the commands of a block and return it with the output they really give."""
    bin_folder = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"COLUMNS": "80", "PYTHONUTF8": "1"}
    environment.pop("NO_COLOR", None)
    (folder / "sample_data").symlink_to(ROOT / "sample_data")
    shown = []
    for command in re.findall(r"^\$ (.*)$", block, flags=re.MULTILINE):
        result = subprocess.run(  # the README's own commands
            ["/bin/bash", "-c", command],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
        shown.append(f"$ {command}\n{result.stdout}{result.stderr}")
    return "".join(shown)


def rounded(text: str) -> str:
    """Drop the last digits of exact numbers, which may differ between families of processors."""
    return re.sub(r"-?\d+\.\d{12,}", lambda match: f"{float(match[0]):.13g}", text)


@pytest.mark.few(3)
@pytest.mark.parametrize("block", BLOCKS)
def test_the_readme_shows_real_output(block: str, tmp_path: Path) -> None:
    assert rounded(run_block(block, tmp_path)) == rounded(block)


@pytest.mark.deep
def test_the_checks_for_ci_run_as_they_stand(tmp_path: Path) -> None:
    commands = re.findall(
        r"(bce check .*)", "".join(re.findall(r"```yaml\n(.*?)```", README, flags=re.DOTALL))
    )
    rows = "printf 'label,p\\n1,0.9\\n0,0.2\\n' > preds.csv"
    setup = f"{rows}; bce compute preds.csv -f json -o baseline.json"
    first, hook = commands
    few = first.replace("--min-rows 1000", "--min-rows 2")
    script = f"$ {setup} && {few} && {hook} preds.csv; echo code $?; {first} -q; echo code $?\n"
    shown = run_block(script, tmp_path)
    assert [line for line in shown.splitlines() if line.startswith("code")] == ["code 0", "code 3"]


def test_every_customary_name_is_told_of() -> None:
    told = README.partition("must have a customary name")[2].partition("Which ones were taken")[0]
    assert tuple(re.findall(r"`(\w+)`", told)) == (*LABEL_NAMES, *PREDICTION_NAMES)


def test_the_python_example_of_the_readme_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    test = doctest.DocTestParser().get_doctest(example, {}, "README.md", "README.md", 0)
    assert doctest.DocTestRunner().run(test) == doctest.TestResults(failed=0, attempted=6)


def test_every_option_is_told_of_in_the_help(tmp_path: Path) -> None:
    shown = run_block("".join(f"$ bce {name} --help\n" for name in COMMANDS), tmp_path)
    for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", README):
        if option not in {"--extra", "--no-compile"}:  # of uv and pip
            assert option in shown


if __name__ == "__main__":  # python tests/test_docs.py rewrites the README's output
    import tempfile

    for block in BLOCKS:
        with tempfile.TemporaryDirectory() as folder:
            README = README.replace(block, run_block(block, Path(folder)))
    (ROOT / "README.md").write_text(README, encoding="utf-8")
