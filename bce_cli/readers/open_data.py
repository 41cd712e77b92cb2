"""The way into this package: sources and options in, a data set out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from bce_cli.readers.data_set import DataSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.readers.aligned_models import AlignedModels
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.readers.join import Join
    from bce_cli.readers.joined_data import JoinedData
    from bce_cli.readers.joined_models import JoinedModels

    Data: TypeAlias = DataSet | JoinedData | AlignedModels | JoinedModels


def open_data(paths: Sequence[str], options: InputOptions, join: Join | None = None) -> Data:
    """Prepare to read some sources, one after the other; the result is a context that opens them.

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


def open_models(paths: Sequence[str], options: InputOptions, join: Join | None = None) -> Data:
    """Prepare to read some sources side by side, each with the predictions of another model.

    Parameters
    ----------
    paths : sequence of str
        Paths, the baseline first; ``-`` is standard input.
    options : InputOptions
    join : Join, optional
        How rows find together that are not in the same order.

    Raises
    ------
    UsageError
        Standard input is named twice, or an option has no meaning.
    """
    if join is None:
        from bce_cli.readers.aligned_models import AlignedModels  # noqa: PLC0415 -- rarely needed

        return AlignedModels(paths, options)
    from bce_cli.readers.joined_models import JoinedModels  # noqa: PLC0415 -- rarely needed

    return JoinedModels(paths, options, join)
