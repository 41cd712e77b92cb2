"""Every row and its loss as Parquet, a row group for each piece, so that memory stays constant."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.report import NATS_PER
from bce_cli.render.text_arrays import text_array

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from bce_cli.core.report import Unit
    from bce_cli.core.rows import ScoredRows


@dataclass(frozen=True, slots=True)
class RowTable:
    """Builds tables of `row, id, label, prediction, weight, loss`.

    Attributes
    ----------
    unit : {"nats", "bits"}
    has_ids, has_weights : bool
        Without them, these columns are left out.
    soft_labels : bool
        Whether labels are float64 rather than int8.
    """

    unit: Unit
    has_ids: bool
    has_weights: bool = False
    soft_labels: bool = False

    @property
    def schema(self) -> pa.Schema:
        """The columns and their types."""
        import pyarrow as pa

        fields = [("row", pa.int64())]
        fields += [("id", pa.string())] if self.has_ids else []
        fields += [("label", pa.float64() if self.soft_labels else pa.int8())]
        fields += [("prediction", pa.float64())]
        fields += [("weight", pa.float64())] if self.has_weights else []
        fields += [("loss", pa.float64())]
        return pa.schema([pa.field(name, kind, nullable=False) for name, kind in fields])

    def rows(self, first_row: int, scored: ScoredRows) -> pa.Table:
        """Return some rows, of which the first has this 1-based number."""
        import pyarrow as pa

        rows, schema = scored.rows, self.schema
        numbers = rows.present(np.arange(first_row, first_row + len(rows)))
        values: dict[str, Any] = {
            "row": numbers,
            "label": rows.present(rows.labels),
            "prediction": rows.present(rows.probabilities),
            "loss": rows.present(scored.losses / NATS_PER[self.unit]),
        }
        if self.has_weights and rows.weights is not None:
            values["weight"] = rows.present(rows.weights)
        arrays = {name: _array(column, schema.field(name).type) for name, column in values.items()}
        if self.has_ids:
            arrays["id"] = text_array(rows.present_ids())
        return pa.Table.from_arrays([arrays[name] for name in schema.names], schema=schema)


def _array(values: np.ndarray[Any, Any], kind: pa.DataType) -> pa.Array:
    """Wrap numbers; pa.array would import pandas."""
    import pyarrow as pa

    typed = np.ascontiguousarray(values, dtype=str(kind).replace("double", "float64"))
    return pa.Array.from_buffers(kind, len(typed), [None, pa.py_buffer(typed)])


@contextmanager
def parquet_rows(stream: IO[bytes], schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Provide a function that appends a table to a Parquet file, which is complete at the end."""
    from pyarrow import parquet

    # A number that hardly occurs twice is not worth a dictionary.
    with parquet.ParquetWriter(stream, schema, use_dictionary=False) as writer:
        yield writer.write_table
