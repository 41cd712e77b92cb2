"""The action for GitHub: its steps as they stand in action.yml, run by bash as a runner does."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

ROOT = Path(__file__).parents[1]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: dict[str, dict[str, Any]] = {step["id"]: step for step in ACTION["runs"]["steps"]}
BASH = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"]
EXPRESSION = re.compile(r"\$\{\{ ([a-z.-]+) \}\}")
PREDS = "label,p\n1,0.9\n0,0.2\n1,0.7\n"  # a mean loss of 0.228393
FEWER = "bce: check failed: 3 rows are fewer than 1,000\n"
FILES = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary.md"}


def sample(name: str) -> Any:  # noqa: ANN401 -- whatever YAML holds
    """Return what a file of this name holds on the page about gates."""
    page = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
    (text,) = re.findall(
        rf"^```yaml\n# {re.escape(name)}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE
    )
    return yaml.safe_load(text)


class Done(NamedTuple):
    """What a runner sees of a step."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


def run_step(name: str, **values: str) -> Done:
    """Run a step with what the expressions in its environment stand for, in the current folder."""
    environment = {
        variable: EXPRESSION.sub(lambda found: values.get(found[1], ""), text)
        for variable, text in STEPS[name]["env"].items()
    }
    here = Path.cwd()
    files = {variable: here / file for variable, file in FILES.items() if file}
    for file in files.values():
        file.write_bytes(b"")
    temporary = here / "temp"
    temporary.mkdir(exist_ok=True)
    places = {"RUNNER_TEMP": str(temporary), "GITHUB_ACTION_PATH": str(ROOT)}
    places |= {variable: str(files.get(variable, "")) for variable in FILES}
    script = here / "step.sh"
    script.write_text(STEPS[name]["run"], encoding="utf-8")
    done = subprocess.run(
        [*BASH, str(script)],
        env=os.environ | environment | places,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    script.unlink()
    lines = Path(FILES["GITHUB_OUTPUT"]).read_text(encoding="utf-8").splitlines()
    outputs = dict(line.split("=", 1) for line in lines)
    assert len(outputs) == len(lines)
    summary = files.get("GITHUB_STEP_SUMMARY")
    shown = "" if summary is None else summary.read_text(encoding="utf-8")
    return Done(done.returncode, done.stdout, outputs, shown)


def check(args: str, sources: str = "preds.csv", undecided: str = "fail") -> Done:
    """Run the step that judges, by this Python in place of the one that a runner has set up."""
    inputs = {"args": args, "sources": sources, "undecided": undecided}
    named = {f"inputs.{name}": value for name, value in inputs.items()}
    return run_step("check", **named, **{"steps.install.outputs.python": sys.executable})


def names_here() -> set[str]:
    return {path.name for path in Path().iterdir()}


def told(log: str) -> str:
    """Return what a log holds, with a name for the word between which nothing is a command."""
    begin, end = re.findall(r"^::(?:stop-commands::)?([0-9a-f]{32})(?:::)?$", log, re.MULTILINE)
    assert begin == end
    return log.replace(begin, "WORD")


def test_no_input_is_a_part_of_a_script() -> None:
    for step in STEPS.values():
        assert "${{" not in step.get("run", "")
        assert step.get("shell", "bash") == "bash"
        assert ("run" in step) != ("uses" in step)


def test_all_that_is_named_is_there() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\binputs\.([a-z-]+)", text)) == set(ACTION["inputs"])
    named = {
        f"{step}.{output}" for step, output in re.findall(r"steps\.(\w+)\.outputs\.([a-z-]+)", text)
    }
    ours = {f"check.{output}" for output in ACTION["outputs"]}
    assert named == ours | {"install.python", "python.python-path"}
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.check.outputs.{name} }}}}"
    for said in (*ACTION["inputs"].values(), *ACTION["outputs"].values()):
        assert said["description"]


def test_the_page_tells_of_all_inputs_and_outputs() -> None:
    page = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
    for kind in ("input", "output"):
        _, _, table = page.partition(f"| {kind} | what it is |\n|---|---|\n")
        rows = table.partition("\n\n")[0]
        assert re.findall(r"^\| `([a-z-]+)` \|", rows, re.MULTILINE) == [*ACTION[f"{kind}s"]]


def test_the_workflow_of_the_page_runs_a_check(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    (job,) = sample(".github/workflows/model.yml")["jobs"].values()
    (gate,) = (step for step in job["steps"] if "/bce@" in step.get("uses", ""))
    required = {name for name, said in ACTION["inputs"].items() if said.get("required")}
    assert required <= set(gate["with"]) <= set(ACTION["inputs"])
    used = re.findall(rf"steps\.{gate['id']}\.outputs\.([a-z-]+)", str(job))
    assert used
    assert set(used) <= set(ACTION["outputs"])
    for name in ("old.csv", gate["with"]["sources"]):
        preds("id,label,p\na,1,0.9\nb,0,0.2\nc,1,0.7\n", name)
    result = bce("check", *shlex.split(gate["with"]["args"]), gate["with"]["sources"])
    assert (result.stderr, result.exit_code) == (FEWER, 3)


def test_the_lines_for_other_servers_are_checks(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    preds(PREDS)
    assert bce("compute", "preds.csv", "-o", "baseline.json").exit_code == 0
    (line,) = (line for line in sample(".gitlab-ci.yml")["gate"]["script"] if line[:4] == "bce ")
    result = bce(*shlex.split(line)[1:])
    assert (result.stderr, result.exit_code) == (FEWER, 3)
    page = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
    (line,) = re.findall("script: 'bce (.*)'", page)
    assert bce(*shlex.split(line)).exit_code == 0
    assert {"gate.md", "gate.html"} <= names_here()


@pytest.mark.deep
def test_a_check_that_fails_fails_the_job_and_says_why(
    preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    done = check("-p p\n--max-loss 0.2", preds(PREDS))
    report, page = (Path(done.outputs.pop(name)) for name in ("report", "markdown"))
    assert (done.code, done.outputs) == (3, {"verdict": "failed", "exit-code": "3"})
    assert told(done.log) == (
        "::stop-commands::WORD\n"
        "preds.csv: 3 rows, 1 check\n"
        "check               value        limit  verdict\n"
        "───────────────────────────────────────────────\n"
        "mean loss, nats  0.228393  at most 0.2  FAILED\n"
        "Read: label 'label', prediction 'p'.\n"
        "Failed: mean loss 0.228393 is above 0.2.\n"
        "bce: label column 'label', prediction column 'p'\n"
        "bce: check failed: mean loss 0.228393 is above 0.2\n"
        "::WORD::\n"
        "::error title=bce check::check failed: mean loss 0.228393 is above 0.2\n"
    )
    options = ("check", "preds.csv", "-p", "p", "--max-loss", "0.2")
    assert done.summary == bce(*options, "-f", "markdown").stdout
    assert page.read_text(encoding="utf-8") == done.summary
    assert report.read_text(encoding="utf-8") == bce(*options, "-f", "json").stdout


HOSTILE = "$(touch x) `touch x`; touch x\"'\n\\ && touch x | touch x > x ${HOME} * ~ %0A::error::x"


@pytest.mark.deep
def test_nothing_that_an_input_says_is_run(preds: Callable[..., str]) -> None:
    preds(f'label,"{HOSTILE.replace(chr(34), 2 * chr(34))}"\n1,0.9\n0,0.2\n1,0.7\n')
    quoted = HOSTILE.replace("'", "'\"'\"'")
    before = names_here()
    done = check(f"-p '{quoted}' --max-loss 1")
    assert (done.code, done.outputs["verdict"]) == (0, "passed")
    report = json.loads(Path(done.outputs["report"]).read_text(encoding="utf-8"))
    assert report["prediction_column"] == HOSTILE
    assert not re.search("^::error", done.log, re.MULTILINE)
    assert names_here() - before == {"temp", *FILES.values()}


@pytest.mark.parametrize(("code", "told"), [(0, 2), (3, 3), (-9, 137), (65, 65), (1, 1)])
def test_without_a_report_there_is_no_verdict_whatever_the_exit_code(
    code: int, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = runpy.run_path(str(ROOT / ".github" / "action" / "check.py"))
    for name, value in (("SOURCES", "preds.csv"), ("ARGS", ""), ("UNDECIDED", "fail")):
        monkeypatch.setenv(name, value)
    done = subprocess.CompletedProcess([], code, "said\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    assert script["run"](Path("report.json")) == ("error", told, "said\n")


@pytest.mark.deep
def test_a_runner_without_summaries_judges_as_well(
    preds: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FILES, "GITHUB_STEP_SUMMARY", "")
    done = check("--max-loss 0.2", preds(PREDS))
    assert (done.code, done.outputs["verdict"]) == (3, "failed")


@pytest.mark.deep
@pytest.mark.parametrize("text", ["$(touch x)", "; touch 'x", "-h"])
def test_hostile_sources_are_names_of_files(text: str) -> None:
    done = check("--max-loss 1", sources=text)
    assert (done.code, done.outputs["verdict"]) == (66, "error")
    assert names_here() == {"temp", *FILES.values()}


@pytest.mark.deep
@pytest.mark.parametrize(
    ("undecided", "code", "kind"), [("fail", 4, "error"), ("pass", 0, "warning")]
)
def test_what_is_undecided_is_for_the_job_to_decide(
    undecided: str, code: int, kind: str, preds: Callable[..., str]
) -> None:
    done = check("--max-loss 0.3 --confident", preds(PREDS), undecided)
    assert done.code == code
    assert (done.outputs["verdict"], done.outputs["exit-code"]) == ("undecided", "4")
    assert done.summary.startswith("### ⚠️ Undecided\n")
    why = "mean loss 0.228393 (0.08611 to 0.3707) is not clear of 0.3"
    assert done.log.splitlines()[-1] == f"::{kind} title=bce check::check undecided: {why}"


@pytest.mark.deep
def test_a_pass_says_nothing_beside_the_job(preds: Callable[..., str]) -> None:
    done = check("--max-loss 0.3 -q", f"\n  {preds(PREDS)}\n{preds(PREDS, 'b c.csv')}\n")
    assert (done.code, done.outputs["verdict"]) == (0, "passed")
    assert done.summary.startswith("### ✅ Passed: the check holds\n")
    assert "<summary>preds.csv, b c.csv: 6 rows, 1 check</summary>" in done.summary
    assert "Passed: the check holds.\n" in told(done.log)
    assert "::error" not in done.log
    assert "::warning" not in done.log


@pytest.mark.deep
def test_bad_data_are_no_verdict(preds: Callable[..., str]) -> None:
    done = check("--max-loss 1", preds("label,p\n1,0.9\n0,% 2\n"))
    page = done.outputs.pop("markdown")
    assert (done.code, done.outputs) == (65, {"verdict": "error", "exit-code": "65", "report": ""})
    why = "error: preds.csv, line 3: prediction '% 2' (column 'p') is not a number"
    hint = "bce: predictions must be probabilities such as 0.25"
    assert done.summary == f"### ❌ No verdict: exit code 65\n\n    bce: {why}\n    {hint}\n"
    assert Path(page).read_text(encoding="utf-8") == done.summary
    command = f"::error title=bce check::{why.replace('%', '%25')}\n"
    assert told(done.log) == f"::stop-commands::WORD\nbce: {why}\n{hint}\n::WORD::\n{command}"


WRONG = {
    "--help": ("", "", "check error"),
    "--max-los 1": ("", "", "error: "),
    "--max-loss 'x": ("", "", "error: args cannot be split: no closing quotation"),
    "--max-loss 1": (" \n", "", "error: sources must name a file"),
    "--max-loss 2": ("preds.csv", "maybe", "error: undecided must be fail or pass, got 'maybe'"),
}


@pytest.mark.deep
@pytest.mark.parametrize("args", WRONG)
def test_what_is_no_check_does_not_pass(args: str, preds: Callable[..., str]) -> None:
    sources, undecided, why = WRONG[args]
    done = check(args, sources or preds(PREDS), undecided or "fail")
    assert (done.code, done.outputs["verdict"], done.outputs["exit-code"]) == (2, "error", "2")
    assert done.log.splitlines()[-1].startswith(f"::error title=bce check::{why}")


STAND_IN = """\
#!/bin/sh
echo "$@" >> "{told}"
if [ "$3" = venv ]; then mkdir -p "$4/{folder}" && cp "$0" "$4/{folder}/python"; fi
"""
"""A Python that tells how it was called, and makes environments of its likes."""


@pytest.mark.parametrize(("folder", "extras"), [("bin", ""), ("Scripts", "excel,remote")])
def test_it_is_installed_once_beside_the_python_of_the_job(folder: str, extras: str) -> None:
    python, calls = Path("python").resolve(), Path("calls.txt").resolve()
    python.write_text(STAND_IN.format(told=calls, folder=folder), encoding="utf-8")
    python.chmod(0o755)
    values = {"steps.python.outputs.python-path": str(python), "inputs.extras": extras}
    done = run_step("install", **values)
    assert (done.code, done.log) == (0, "")
    (home,) = Path("temp").resolve().iterdir()
    assert done.outputs == {"python": f"{home}/{folder}/python"}
    package = f"{ROOT}[{extras}]" if extras else str(ROOT)
    pip = f"-I -m pip install --quiet --disable-pip-version-check -- {package}"
    assert calls.read_text(encoding="utf-8") == f"-I -m venv {home}\n{pip}\n"
    assert run_step("install", **values) == done
    assert calls.read_text(encoding="utf-8") == f"-I -m venv {home}\n{pip}\n"
    run_step("install", **values | {"inputs.extras": "$(touch x)"})
    assert calls.read_text(encoding="utf-8").endswith(f" -- {ROOT}[$(touch x)]\n")
    assert not Path("x").exists()


@pytest.mark.parametrize("failing", ["venv", "pip"])
def test_what_cannot_be_installed_is_tried_again_and_never_run(failing: str) -> None:
    python, calls = Path("python").resolve(), Path("calls.txt").resolve()
    stand_in = STAND_IN.format(told=calls, folder="bin") + f'[ "$3" != {failing} ]\n'
    python.write_text(stand_in, encoding="utf-8")
    python.chmod(0o755)
    for n_calls in (1, 2):
        done = run_step("install", **{"steps.python.outputs.python-path": str(python)})
        assert (done.code, done.outputs) == (1, {})
        told = calls.read_text(encoding="utf-8").splitlines()
        assert [call.split()[2] for call in told].count(failing) == n_calls
