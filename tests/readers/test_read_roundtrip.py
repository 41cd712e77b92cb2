"""What the standard library writes is read back, to the last bit, whatever the blocks."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.core.evaluation import Plan
from bce_cli.core.mean_loss import binary_cross_entropy
from bce_cli.core.report import loss_report
from bce_cli.data.data import open_data
from bce_cli.engine.run import Job, evaluate
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import InputOptions

Row = tuple[int, float, str]

texts = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=8)
data_rows = st.tuples(st.integers(0, 1), st.floats(0.0, 1.0), texts | st.text('",\n a', max_size=8))
layouts = st.permutations(["y", "p", "t"])
dialects = st.fixed_dictionaries(
    {
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        "lineterminator": st.sampled_from(["\n", "\r\n"]),
    }
)


def write(rows: list[Row], layout: list[str], **dialect: int | str) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, layout, **dialect)  # type: ignore[arg-type]
    writer.writeheader()
    writer.writerows({"y": label, "p": repr(p), "t": text} for label, p, text in rows)
    Path("preds.csv").write_bytes(stream.getvalue().encode())
    return "preds.csv"


@given(st.lists(data_rows, min_size=1), layouts, dialects, st.integers(1, 200), st.integers(1, 4))
def test_count_and_mean_are_those_of_the_rows_written(
    rows: list[Row],
    layout: list[str],
    dialect: dict[str, int | str],
    block_bytes: int,
    n_workers: int,
) -> None:
    path = write(rows, layout, **dialect)
    job = Job(open_data([path], InputOptions(block_bytes=block_bytes)), n_workers)
    report = loss_report(evaluate(job, Plan()).totals)
    losses = binary_cross_entropy([row[0] for row in rows], [row[1] for row in rows])
    assert report.n == len(rows)
    assert report.n_positive == sum(row[0] for row in rows)
    assert report.mean_loss == math.fsum(losses) / len(rows)


@given(st.lists(data_rows), layouts, dialects, st.integers(1, 200))
def test_rows_and_ids_are_those_written(
    rows: list[Row], layout: list[str], dialect: dict[str, int | str], block_bytes: int
) -> None:
    path = write(rows, layout, **dialect)
    with open_data([path], InputOptions(ColumnChoice(id="t"), block_bytes=block_bytes)) as data:
        blocks = [block.read().rows for block in data.blocks()]
    found = [
        (int(positive), float(probability), block.ids[i] if block.ids is not None else None)
        for block in blocks
        for i, (positive, probability) in enumerate(
            zip(block.labels, block.probabilities, strict=True)
        )
    ]
    assert found == rows
    assert (
        np.signbit([row[1] for row in found]).tolist()
        == np.signbit([row[1] for row in rows]).tolist()
    )
