"""Changes single bytes of a Parquet or Arrow file, in a process that may die of it.

Called with a kind, a number to start from and a step; prints a JSON array before each change and
one for each answer that a second look at the file by pandas does not confirm.
"""

from __future__ import annotations

import io
import json
import sys
import traceback
from pathlib import Path
from typing import Any

from bce_cli.data.data import open_data
from bce_cli.engine.run import Job, collect_rows
from bce_cli.errors import DataError, InputError
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import InputOptions
from tests.corpus.columnar import WRITE, table


def valid(kind: str) -> bytes:
    """Write the valid file."""
    data = table(y=([1, 0, 1],), t=(["a", "caf\u00e9", "c"],), p=([0.5, 0.25, 1.0],))
    if kind == "parquet":
        return WRITE[kind](data, row_group_size=2, compression="none", use_dictionary=False)
    return WRITE[kind](data, 2)


def change(data: bytes, number: int) -> bytes:
    """Replace, turn a bit of, double or delete the byte at one place."""
    at, way = divmod(number, 4)
    new = [b"\xff", bytes([data[at] ^ 1]), data[at : at + 1] * 2, b""][way]
    return data[:at] + new + data[at + 1 :]


def n_changes(data: bytes) -> int:
    """Count the changes of a file."""
    return 4 * len(data)


def answer(path: Path) -> Any:  # noqa: ANN401 -- rows, or what went wrong
    """Read a file with the readers under test; None if they refuse it."""
    options = InputOptions(ColumnChoice("y", "p", None, "t"))
    try:
        rows = collect_rows(Job(open_data([str(path)], options), 1))
        labels, ids = rows.labels.astype(float).tolist(), list(rows.ids or ())
    except (DataError, InputError):
        return None
    except Exception:  # noqa: BLE001 -- reported by the test
        return traceback.format_exc().splitlines()[-1]
    return [labels, rows.probabilities.tolist(), ids]


def confirmed(kind: str, data: bytes) -> Any:  # noqa: ANN401
    """Read a file with pandas; None if pyarrow finds it invalid."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if kind == "parquet":
            found = pq.read_table(io.BytesIO(data), columns=["y", "p", "t"])
        else:
            opened = (pa.ipc.open_file if kind == "arrow" else pa.ipc.open_stream)(data)
            found = opened.read_all()
        found.validate(full=True)
        frame = found.to_pandas()
        numbers = [[float(value) for value in frame[name]] for name in ("y", "p")]
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        return f"refused: {error}"
    return [*numbers, ["" if text is None else text for text in found["t"].to_pylist()]]


def main(kind: str, start: int, step: int) -> None:
    """Make changes from one number on."""
    original = valid(kind)
    path = Path(f"preds.{kind}")
    path.write_bytes(original)
    expected = answer(path)
    for number in range(start, n_changes(original), step):
        sys.stdout.write(f"[{number}]\n")
        sys.stdout.flush()
        data = change(original, number)
        path.write_bytes(data)
        found = answer(path)
        if found is None or found == expected:
            continue
        second = confirmed(kind, data)
        if found != second:
            sys.stdout.write(json.dumps([number, repr(found), repr(second)]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
