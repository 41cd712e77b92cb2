"""The notebook of docs runs from top to bottom, and shows what it then prints.

``python tests/test_notebook.py`` runs it and stores what comes out; its diff is read before it is
kept.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "python.ipynb"
LONGEST_SECONDS = 300
N_COLOURS = 64

LESS_EXACT = re.compile(r"-?\d+\.\d{12,}")

Cell = dict[str, Any]


def stored(path: Path = NOTEBOOK) -> list[Cell]:
    return cast("list[Cell]", json.loads(path.read_text(encoding="utf-8"))["cells"])


def code_of(cells: list[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell["cell_type"] == "code"]


def joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def said(output: Cell) -> dict[str, str]:
    """What an output says in words, less the last digits, which may differ between processors.

    HTML of pandas says what its text does, in words that are not ours. Of a picture there is
    the fact alone.
    """
    data = output.get("data", {"text/plain": output.get("text", "")})
    texts = {kind: joined(text) for kind, text in data.items()}
    if "dataframe" in texts.get("text/html", ""):
        del texts["text/html"]
    if "image/png" in texts:
        return {"image/png": ""}
    return {
        kind: LESS_EXACT.sub(lambda match: f"{float(match[0]):.13g}", text)
        for kind, text in texts.items()
    }


@pytest.mark.deep
def test_the_notebook_runs_and_prints_what_is_stored_and_leaves_no_process() -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    done = subprocess.run(
        [sys.executable, __file__, "run.ipynb"], check=True, capture_output=True, text=True
    )
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)
    assert [path.name for path in Path().iterdir()] == ["run.ipynb"]
    run = code_of(stored(Path("run.ipynb")))
    for cell, known in zip(run, code_of(stored()), strict=True):
        assert list(map(said, cell["outputs"])) == list(map(said, known["outputs"]))


def test_each_cell_of_the_notebook_was_run_in_its_turn_and_without_an_error() -> None:
    cells = code_of(stored())
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
    outputs = [output for cell in cells for output in cell["outputs"]]
    kinds = {output["output_type"] for output in outputs}
    assert kinds == {"execute_result", "display_data", "stream"}
    assert {output.get("name", "stdout") for output in outputs} == {"stdout"}
    assert sum("image/png" in said(output) for output in outputs) == 4
    assert NOTEBOOK.stat().st_size < 100_000


def test_each_link_of_the_notebook_leads_somewhere() -> None:
    text = "".join(joined(cell["source"]) for cell in stored() if cell["cell_type"] == "markdown")
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    assert targets == ["python.md", "recalibration.md", "report.md"]
    assert all((NOTEBOOK.parent / target).exists() for target in targets)


def fewer_colours(picture: str) -> str:
    """Return a picture that takes a third of the space."""
    from PIL import Image  # noqa: PLC0415 -- of the script alone

    found = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        image.convert("RGB").quantize(N_COLOURS).save(found, "PNG", optimize=True)
    return base64.b64encode(found.getvalue()).decode("ascii")


def main(path: Path) -> None:
    """Run the notebook in a kernel that talks by files, print its number, and store it."""
    import nbformat  # noqa: PLC0415 -- an extra
    from jupyter_client.manager import AsyncKernelManager  # noqa: PLC0415
    from nbclient import NotebookClient  # noqa: PLC0415

    os.environ.pop("MPLBACKEND", None)  # that of notebooks draws into them
    read: Any = nbformat.read
    write: Any = nbformat.write
    with TemporaryDirectory() as folder:
        os.environ.update(dict.fromkeys(("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"), folder))
        kernel: Any = AsyncKernelManager(
            kernel_name="python3", transport="ipc", connection_file=f"{folder}/kernel.json"
        )
        client = NotebookClient(
            read(NOTEBOOK, as_version=4),
            km=kernel,
            timeout=LONGEST_SECONDS,
            coalesce_streams=True,  # what is printed may come in pieces
            resources={"metadata": {"path": str(NOTEBOOK.parent)}},
            on_notebook_start=lambda **_: sys.stdout.write(f"{kernel.provisioner.pid}\n"),
        )
        client.execute(cleanup_kc=True)
    for cell in code_of(client.nb.cells):
        cell["metadata"] = {}  # when each was run
        for output in cell["outputs"]:
            if "image/png" in output.get("data", {}):
                output["data"]["image/png"] = fewer_colours(output["data"]["image/png"])
    client.nb.metadata["language_info"] = {"name": "python"}
    write(client.nb, path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else NOTEBOOK)
