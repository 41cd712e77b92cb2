"""What action.yml runs: `bce check`, and what a job, its summary and its log hear of it.

Inputs are in the environment, and so are the files that the runner reads afterwards. Nothing is a
pass but a report that says so.
"""

import os
import secrets
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import bce_cli

VERDICTS = {0: "passed", 3: "failed", 4: "undecided"}
NO_VERDICT, USAGE, SIGNALS = "error", 2, 128
REASONS = "bce: error: ", "bce: check "


def command(report: Path) -> list[str]:
    """Return the command that the inputs ask for.

    Raises
    ------
    ValueError
        An input is not what it may be.
    """
    if os.environ["UNDECIDED"] not in {"fail", "pass"}:
        message = f"undecided must be fail or pass, got {os.environ['UNDECIDED']!r}"
        raise ValueError(message)
    sources = [line.strip() for line in os.environ["SOURCES"].split("\n") if line.strip()]
    if not sources:
        message = "sources must name a file"
        raise ValueError(message)
    try:
        options = shlex.split(os.environ["ARGS"])
    except ValueError as error:
        message = f"args cannot be split: {str(error).lower()}"
        raise ValueError(message) from None
    bce = [sys.executable, "-I", "-X", "utf8", "-m", "bce_cli", "check"]
    return [*bce, *options, "--format", "json", "--output", str(report), "--", *sources]


def run(report: Path) -> tuple[str, int, str]:
    """Return the verdict, the exit code, and what was said on the way."""
    try:
        asked = command(report)
    except ValueError as error:
        return NO_VERDICT, USAGE, f"bce: error: {error}\n"
    done = subprocess.run(
        asked,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="backslashreplace",
        check=False,
    )
    said, code = done.stdout, done.returncode
    if code in VERDICTS and report.exists():
        return VERDICTS[code], code, said
    if code <= 0:  # what was asked for is no check, as of --help; or a signal ended it
        code = USAGE if code == 0 else SIGNALS - code
    return NO_VERDICT, code, said


def markdown_of(verdict: str, code: int, said: str, report: Path) -> tuple[str, str]:
    """Return what a page and the log show."""
    if verdict != NO_VERDICT:
        result: Any = bce_cli.load(report)  # a CheckResult, as bce check wrote it
        return result.to_markdown(), f"{result}\n{said}"
    quoted = "".join(f"    {line}\n" for line in said.splitlines())
    return f"### ❌ No verdict: exit code {code}\n\n{quoted}", said


def log(text: str, verdict: str, *, goes_on: bool) -> None:
    """Write a text to the log, where no line of it is a command, and why beside the job.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", text.rstrip("\n"), f"::{token}::", sep="\n")
    if verdict != "passed":
        kind = "warning" if goes_on else "error"
        lines = [line for line in text.split("\n") if line.startswith(REASONS)]
        why = lines[0].removeprefix("bce: ") if lines else f"check {verdict}"
        print(f"::{kind} title=bce check::{why.replace('%', '%25')}")


def append(variable: str, text: str) -> None:
    """Write to the end of a file that a variable names; not every runner has all of them."""
    if os.environ.get(variable):
        with Path(os.environ[variable]).open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)


def main() -> int:
    """Return the exit code of the step."""
    folder = Path(tempfile.mkdtemp(prefix="bce-check-", dir=os.environ.get("RUNNER_TEMP")))
    report, page = folder / "check.json", folder / "check.md"
    verdict, code, said = run(report)
    markdown, shown = markdown_of(verdict, code, said, report)
    page.write_text(markdown, encoding="utf-8", newline="\n")
    append("GITHUB_STEP_SUMMARY", markdown)
    told = "" if verdict == NO_VERDICT else report
    append(
        "GITHUB_OUTPUT", f"verdict={verdict}\nexit-code={code}\nreport={told}\nmarkdown={page}\n"
    )
    goes_on = verdict == "undecided" and os.environ["UNDECIDED"] == "pass"
    log(shown, verdict, goes_on=goes_on)
    return 0 if goes_on else code


if __name__ == "__main__":
    sys.exit(main())
