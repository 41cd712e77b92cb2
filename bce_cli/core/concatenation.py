"""Rows of several pieces, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.row_columns import Categories, Predictions
from bce_cli.core.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray


def concatenated(pieces: Sequence[Rows]) -> Rows:
    """Return the rows of at least one piece, one after the other."""
    first = pieces[0]
    if len(pieces) == 1:
        return first
    missing = None
    if any(piece.missing is not None for piece in pieces):
        missing = np.concatenate(
            [
                np.zeros(len(piece), np.bool_) if piece.missing is None else piece.missing
                for piece in pieces
            ]
        )
    ids = None if first.ids is None else [text for piece in pieces for text in piece.ids or ()]
    models = [
        _joined_predictions([piece.under_models()[index] for piece in pieces])
        for index in range(len(first.rivals) + 1)
    ]
    clusters = [piece.cluster for piece in pieces if piece.cluster is not None]
    segments = zip(*(piece.segments for piece in pieces), strict=True)
    return Rows(
        labels=np.concatenate([piece.labels for piece in pieces]),
        probabilities=models[0].probabilities,
        weights=_joined([piece.weights for piece in pieces]),
        ids=ids,
        missing=missing,
        logits=models[0].logits,
        rivals=tuple(models[1:]),
        cluster=_joined_categories(clusters) if clusters else None,
        segments=tuple(_joined_categories(columns) for columns in segments),
    )


def _joined(arrays: Sequence[FloatArray | None]) -> FloatArray | None:
    present = [array for array in arrays if array is not None]
    return np.concatenate(present) if present else None


def _joined_predictions(pieces: Sequence[Rows]) -> Predictions:
    probabilities = np.concatenate([piece.probabilities for piece in pieces])
    return Predictions(probabilities, _joined([piece.logits for piece in pieces]))


def _joined_categories(pieces: Sequence[Categories]) -> Categories:
    codes: list[npt.NDArray[np.int32]] = []
    names: list[str] = []
    for piece in pieces:
        codes.append(np.add(piece.codes, len(names), dtype=np.int32))
        names += piece.names
    return Categories(np.concatenate(codes), tuple(names))
