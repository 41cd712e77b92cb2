"""The way into this package: sources and options in, a data set out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from bce_cli.readers.data_set import DataSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.readers.join import Join
    from bce_cli.readers.joined_data import JoinedData
    from bce_cli.readers.options import InputOptions

    Data: TypeAlias = DataSet | JoinedData


def open_data(paths: Sequence[str], options: InputOptions, join: Join | None = None) -> Data:
    """Prepare to read some sources; the result is a context that opens them.

    Parameters
    ----------
    paths : sequence of str
        Paths; ``-`` is standard input.
    options : InputOptions
    join : Join, optional
        Where the labels stand, if not beside the predictions.

    Raises
    ------
    UsageError
        Standard input is named twice, or an option has no meaning.
    """
    if join is None:
        return DataSet(paths, options)
    from bce_cli.readers.joined_data import JoinedData  # noqa: PLC0415 -- rarely needed

    return JoinedData(paths, options, join)
