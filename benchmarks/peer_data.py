"""The data of the benchmarks: the same seeded rows in several forms, made once and kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

DATA = Path(tempfile.gettempdir()) / "bce-benchmarks"
SPARE = 1 << 30  # bytes of the disk that are never taken

NARROW = {"label": "TINYINT", "prediction": "DOUBLE"}  # with the types that SQL gives them
MODELS = NARROW | {"rival": "DOUBLE"}
SEGMENTS = NARROW | {"segment": "VARCHAR"}
KEYED = {"id": "VARCHAR", "prediction": "DOUBLE"}
LABELS = {"id": "VARCHAR", "label": "TINYINT"}
WORDS = {
    "country": ["at", "be", "ch", "de", "fr", "it"],
    "device": ["desktop", "phone", "tablet"],
    "channel": ["direct", "mail", "search", "social"],
    "segment": ["new", "returning", "lapsed"],
}
WHOLE = {"age": 90, "visits": 50, "clicks": 400, "weekday": 7, "hour": 24}  # with their bounds
MEASURES = [f"feature_{number}" for number in range(1, 9)]
WIDE = (
    {"id": "VARCHAR"}
    | dict.fromkeys(WORDS, "VARCHAR")
    | dict.fromkeys(WHOLE, "SMALLINT")
    | dict.fromkeys(MEASURES, "DOUBLE")
    | NARROW
)


@dataclass(frozen=True)
class Form:
    """A form that the rows are kept in.

    Parameters
    ----------
    suffix
        What the file's name ends with.
    title
        What a person calls it.
    bytes_a_row
        About how much of the disk a row takes.
    beside
        Key of another form that is read beside it, if any.
    """

    suffix: str
    title: str
    bytes_a_row: int
    beside: str = ""


FORMS = {
    "csv": Form(".csv", "CSV, 2 columns", 22),
    "wide": Form(".wide.csv", "CSV, 20 columns", 230),
    "gzip": Form(".csv.gz", "CSV, 2 columns, gzip", 10),
    "parquet": Form(".parquet", "Parquet", 11),
    "jsonl": Form(".jsonl", "JSON Lines", 48),
    "models": Form(".models.csv", "CSV of two models", 42),
    "segments": Form(".segments.csv", "CSV with 10,000 segments", 28),
    "weighted": Form(".weighted.parquet", "Parquet with weights", 20),
    "keyed": Form(".keyed.csv", "CSV of predictions by id", 32, beside="labels"),
    "labels": Form(".labels.csv", "CSV of labels by id, in another order", 14),
}


def need_room(folder: Path, size: int, what: str) -> None:
    """Raise OSError unless the disk of `folder` has `size` bytes to spare."""
    free = shutil.disk_usage(folder).free
    if free < size + SPARE:
        message = f"{what} needs {size / 1e9:.1f} GB of disk and {free / 1e9:.1f} GB are free"
        raise OSError(message)


def data_file(folder: Path, form: str, rows: int) -> Path:
    """Return the path of a file of `rows` rows, which is made unless it is there.

    Raises
    ------
    OSError
        If the disk has no room for it.
    """
    path = folder / f"{rows}{FORMS[form].suffix}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        need_room(folder, rows * FORMS[form].bytes_a_row, f"{path.name} ({FORMS[form].title})")
        print(f"making {path}", file=sys.stderr)
        maker = str(Path(__file__).with_name("make_peer_data.py"))
        command = [sys.executable, maker, form, str(rows), str(path)]
        subprocess.run(command, check=True)
    return path
