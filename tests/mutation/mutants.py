"""Change one thing in a file, run the tests of that file, and tell which changes none notices.

Each change is one that cosmic-ray makes; a process forked for it imports the changed source in
place of the file, and runs the tests up to the first that fails. README.md says what is changed.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import resource
import signal
import sys
from collections import Counter
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cosmic_ray.ast
import cosmic_ray.plugins
import pytest
from hypothesis import Phase, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TESTS: dict[str, list[str]] = json.loads((HERE / "tests.json").read_text("utf-8"))
LOADED_ONCE = ("numpy", "scipy.stats", "pandas", "pyarrow.csv", "pyarrow.parquet", "mpmath")
FLAGS = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=mutants"]
FLAGS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
CPU_SECONDS = 60
SIGNS = re.compile(  # for another that it is easily mistaken for
    "Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Div|Mod_Mul|Pow_Mul|RShift_LShift|LShift_RShift"
    "|BitOr_BitAnd|BitAnd_BitOr|BitXor_BitAnd|Eq_NotEq|NotEq_Eq|Lt_LtE|Lt_GtE|LtE_Lt|LtE_Gt|Gt_GtE"
    "|Gt_LtE|GtE_Gt|GtE_Lt|Is_IsNot|IsNot_Is"
)


def mutants_of(source: str) -> Iterator[tuple[str, str]]:
    """Yield what each mutant is called, and its source."""
    lines, seen = source.splitlines(), {_meaning(source)}
    tree = cosmic_ray.ast.get_ast(source)
    nodes = list(cosmic_ray.ast.ast_nodes(tree))
    for name in cosmic_ray.plugins.operator_names():
        signs = re.search("Replace(?:Binary|Comparison)Operator_(.*)", name)
        if name.endswith(("VariableReplacer", "VariableInserter")) or (
            signs is not None and not SIGNS.fullmatch(signs[1])
        ):
            continue
        operator = cosmic_ray.plugins.get_operator(name)()
        for node in nodes:
            for index, ((line, column), _) in enumerate(operator.mutation_positions(node)):
                mutated = _mutated(tree, operator, node, index)
                text = mutated.splitlines()[line - 1].strip()
                with suppress(SyntaxError):
                    meaning = _meaning(mutated)
                    if meaning not in seen and not re.search("TYPE_CHECKING|^ *@", lines[line - 1]):
                        seen.add(meaning)
                        yield f"{line}:{column} {name.partition('/')[2]}: {text}", mutated


def _mutated(tree: Any, operator: Any, node: Any, index: int) -> str:  # noqa: ANN401 -- of parso
    """Change a tree, write it down, and change it back."""
    inner = list(cosmic_ray.ast.ast_nodes(node))
    parts = [part for part in (node.parent, *inner) if hasattr(part, "children")]
    children = [(part, list(part.children)) for part in parts]
    values = [(part, part.value) for part in inner if hasattr(part, "value")]
    mutant = operator.mutate(node, index)
    if mutant is not node:
        siblings = node.parent.children
        place = next(at for at, part in enumerate(siblings) if part is node)
        siblings[place : place + 1] = [] if mutant is None else [mutant]
    mutated = str(tree.get_code())
    for part, kept in children:
        part.children[:] = kept
    for part, value in values:
        part.value = value
    return mutated


def _meaning(source: str) -> str:
    """Return what is run of a source: all but annotations."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name in {"annotation", "returns"} & set(node._fields):
            setattr(node, name, ast.Constant(None))
    return ast.dump(tree)


class Finder(SourceFileLoader):
    """Has a module imported from a changed source."""

    def __init__(self, path: Path, source: str) -> None:
        super().__init__(".".join(path.relative_to(ROOT).with_suffix("").parts), str(path))
        self._code = compile(source, path, "exec")

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        return spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, _name: str) -> CodeType:
        return self._code


def fate_of(path: Path, source: str, tests: list[str]) -> str:
    """Run the tests with a changed source in a process of its own."""
    child = os.fork()
    if not child:
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, resource.RLIM_INFINITY))
            for stream in (1, 2):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
            sys.meta_path.insert(0, Finder(path, source))
            os._exit(pytest.main([*FLAGS, str(path), *tests]))
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    is_late = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU
    return "survived" if status == 0 else "late" if is_late else "killed"


def main() -> None:
    """Try all mutants of one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", choices=TESTS)
    name = parser.parse_args().file
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    phases = [Phase.explicit, Phase.generate]  # no smaller example of a failure is needed
    settings.register_profile(
        "mutants", derandomize=True, deadline=None, database=None, max_examples=6, phases=phases
    )
    for module in LOADED_ONCE:
        import_module(module)
    path = ROOT / "bce_cli" / f"{name}.py"
    source = path.read_text("utf-8")
    if fate_of(path, source, TESTS[name]) != "survived":
        sys.exit("the tests fail before anything is changed")
    fates: Counter[str] = Counter()
    for called, mutated in mutants_of(source):
        fate = fate_of(path, mutated, TESTS[name])
        fates[fate] += 1
        if fate != "killed":
            print(f"{fate} {path.name}:{called}", flush=True)
    print(
        f"{name}: {fates.total()} mutants,", ", ".join(f"{n} {fate}" for fate, n in fates.items())
    )


if __name__ == "__main__":
    main()
