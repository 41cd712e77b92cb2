"""Predictions of several models, each in a source of its own, row by row in the same order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bce_cli.readers.alignment import Cursor, aligned_pieces
from bce_cli.readers.model_files import ModelFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bce_cli.readers.alignment import AlignedPiece
    from bce_cli.readers.blocks import Block
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.readers.reading import Reading, Summary


class AlignedModels(ModelFiles):
    """Sources that hold the same rows in the same order; see `ModelFiles`.

    Labels must agree, and ids where they are read.
    """

    def __init__(self, paths: Sequence[str], options: InputOptions) -> None:
        super().__init__(paths, options, rivals_have_ids=True)

    def pieces(self) -> Iterator[AlignedPiece]:
        """Read all sources in this thread; see `pieces_by`."""
        return self.pieces_by(map)

    def pieces_by(self, run: Callable[..., Iterator[Any]]) -> Iterator[AlignedPiece]:
        """Read all sources side by side; see `aligned_pieces`.

        Parameters
        ----------
        run : callable (function, items) -> iterator
            Calls the function with each item and yields the results in order, as `map` does.
        """
        return aligned_pieces(
            [Cursor(model.name, run(_read, model.pieces())) for model in self.models]
        )

    def check(self, summary: Summary) -> None:
        """Check the labels of each model against those before; see `DataSet.check`."""
        for model, values in zip(self.models, summary.label_values, strict=False):
            model.labels.add(values)
        self.n_missing += summary.n_missing


def _read(piece: Block) -> tuple[Reading, int]:
    return piece.read(), piece.n_bytes
