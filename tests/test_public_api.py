from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

import bce_cli


def test_the_public_names_are_those_that_are_resolved_lazily() -> None:
    assert len(set(bce_cli.__all__)) == len(bce_cli.__all__)
    assert set(bce_cli.__all__) == set(vars(bce_cli)["_HOMES"])


@pytest.mark.few(10)
@pytest.mark.parametrize("name", bce_cli.__all__)
def test_every_public_name_is_documented_and_comes_from_its_home(name: str) -> None:
    public = getattr(bce_cli, name)
    assert public.__name__ == name
    assert vars(bce_cli)["_HOMES"][name] == public.__module__
    assert getattr(import_module(public.__module__), name) is public
    assert inspect.cleandoc(public.__doc__ or "")


def test_dir_lists_the_public_names_and_the_version() -> None:
    assert {*bce_cli.__all__, "__version__"} <= set(dir(bce_cli))


def test_a_star_import_brings_every_public_name() -> None:
    namespace: dict[str, object] = {}
    exec("from bce_cli import *", namespace)  # noqa: S102 -- only a module may hold a star import
    assert namespace.keys() - {"__builtins__"} == set(bce_cli.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'bce_cli' has no attribute 'accuracy'$"):
        _ = bce_cli.accuracy


@pytest.mark.parametrize(
    ("statement", "is_loaded"),
    [("import bce_cli", False), ("from bce_cli import ExactSum", True)],
)
def test_numpy_is_loaded_when_a_name_is_first_used(statement: str, is_loaded: bool) -> None:
    code = f"import sys; {statement}; print('numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == f"{is_loaded}\n"
