"""What pandas and Polars write by default is read back to the same digits, whatever the types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typer.testing import Result

COLUMNS = {"y": [1, 0, 1], "p": [0.9, 0.2, 0.1234567891], "g": ["a", "b", "a"]}
DIGITS = "0.806789378980143\n"
POSITIVE = ("--positive", "yes")


def _pandas_frames() -> Mapping[str, Any]:
    import pandas as pd

    frame = pd.DataFrame(COLUMNS)
    words = pd.Categorical(["yes", "no", "yes"])
    return {
        "plain": frame,
        "categories": frame.assign(g=frame.g.astype("category"), y=frame.y.astype("category")),
        "categories of words": frame.assign(y=words),
        "nullable": frame.convert_dtypes(),
        "of pyarrow": frame.convert_dtypes(dtype_backend="pyarrow"),
        "bool": frame.assign(y=frame.y.astype("bool")),
        "boolean": frame.assign(y=frame.y.astype("boolean")),
        "objects": frame.astype("object"),
        "an index of texts": frame.set_axis(["r1", "r2", "r3"]),
        "an index of dates": frame.set_axis(pd.date_range("2026-11-01", periods=3)),
        "an index with a name": frame.set_axis(pd.Index([7, 8, 9], name="row")),
        "an index of two levels": frame.set_index([["a", "a", "b"], [1, 2, 1]]),
        "filtered": pd.concat([frame, frame]).iloc[2:5].sort_values("g").sort_index(),
    }


def _digits(name: str, frame: str, bce: Callable[..., Result]) -> str:
    options = POSITIVE if "words" in frame else ()
    found = bce("compute", name, "-l", "y", "-p", "p", "-q", *options)
    return found.stdout or found.stderr


@pytest.mark.few(3)
@pytest.mark.parametrize("kind", ["parquet", "json", "csv", "feather"])
def test_what_pandas_writes_is_read_back(kind: str, bce: Callable[..., Result]) -> None:
    found = {}
    for name, frame in _pandas_frames().items():
        # What pandas will write of dates by default is about to change, and it warns.
        options = {"date_format": "iso"} if kind == "json" and "dates" in name else {}
        getattr(frame, f"to_{kind}")("preds", **options)
        found[name] = _digits("preds", name, bce)
    assert found == dict.fromkeys(found, DIGITS)


def test_the_index_is_a_column_by_the_name_that_pandas_gives_it(
    bce: Callable[..., Result],
) -> None:
    frame = _pandas_frames()["an index of texts"]
    for kind, index in {"csv": "#1", "parquet": "__index_level_0__", "json": "index"}.items():
        getattr(frame, f"to_{kind}")("preds")
        options = ("-l", "y", "-p", "p", "--id", index, "--worst", "1", "-f", "csv")
        rows = bce("compute", "preds", *options).stdout.splitlines()
        assert rows[1].startswith("3,r3,1,0.1234567891,"), kind


def test_a_pickle_is_refused_and_why(bce: Callable[..., Result]) -> None:
    frame = _pandas_frames()["plain"]
    for name in ("preds.pkl", "preds.pkl.gz"):
        frame.to_pickle(name)
        found = bce("compute", name)
        assert (found.stdout, found.exit_code) == ("", 65)
        assert found.stderr == (
            f"bce: error: {name}: it is a Python pickle, not a table of predictions\n"
            "bce: to load one runs whatever is in it; "
            "if it is yours, pandas.read_pickle(FILE).to_parquet(...)\n"
        )


@pytest.mark.deep
@pytest.mark.parametrize("kind", ["csv", "parquet", "json", "ndjson", "ipc", "ipc_stream"])
def test_what_polars_writes_is_read_back(kind: str, bce: Callable[..., Result]) -> None:
    polars: Any = pytest.importorskip("polars")
    frame, column = polars.DataFrame(COLUMNS), polars.col
    frames = {
        "plain": frame,
        "categories": frame.with_columns(column("g").cast(polars.Categorical)),
        "enumeration": frame.with_columns(column("g").cast(polars.Enum(["a", "b"]))),
        "bool": frame.with_columns(column("y").cast(polars.Boolean)),
        "bytes": frame.with_columns(column("y").cast(polars.UInt8)),
        "decimals": frame.with_columns(column("p").cast(polars.Decimal(20, 10))),
        "words": frame.with_columns(y=polars.Series(["yes", "no", "yes"])),
    }
    found = {}
    for name, written in frames.items():
        getattr(written, f"write_{kind}")("preds")
        found[name] = _digits("preds", name, bce)
    assert found == dict.fromkeys(found, DIGITS)
    if kind == "csv":
        return
    pair = polars.concat_list(1 - column("p"), column("p"))
    parts = {"p[1]": pair, "p.v": polars.struct(v=column("p")), "p[1] of an array": pair}
    for name, value in parts.items():
        made = frame.with_columns(p=value)
        if "array" in name:
            made = made.with_columns(column("p").list.to_array(2))
        getattr(made, f"write_{kind}")("preds")
        part = name.partition(" ")[0]
        assert bce("compute", "preds", "-l", "y", "-p", part, "-q").stdout == DIGITS, name
    assert Path("preds").exists()
