"""Say what the figures were measured with: machine, Python and the versions of all tools."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "bce-cli",
    "numpy",
    "pyarrow",
    "pandas",
    "scikit-learn",
    "polars",
    "duckdb",
)
PROGRAMS = (("duckdb", "--version"), ("mawk", "-W", "version"), ("mlr", "--version"))


def processor() -> str:
    """Return the name of the processor, as Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def packages() -> list[str]:
    """Return the Python packages that are installed, with their versions."""
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def programs() -> list[str]:
    """Return the first line of what each installed program says of itself."""
    found = []
    for command in PROGRAMS:
        if path := shutil.which(command[0]):
            asked = [path, *command[1:]]
            done = subprocess.run(asked, check=False, capture_output=True, text=True)
            said = (done.stdout or done.stderr).partition("\n")[0]
            found.append(said if command[0] in said else f"{command[0]} {said}")
    return found


def machine() -> str:
    """Return one line about everything that the figures depend on."""
    where = f"{cores()} cores of {processor()}, {platform.system()}"
    libraries = [f"Python {platform.python_version()}", *packages()]
    return f"{where}. {', '.join(libraries)}. Programs: {', '.join(programs()) or 'none'}."
