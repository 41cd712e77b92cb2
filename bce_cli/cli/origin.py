"""What a report tells of its rows, gathered when all of them were read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.cli.scored_input import ScoredInput
    from bce_cli.data.data import Data
    from bce_cli.render.origin import Origin


def origin_of(data: Data, inputs: ScoredInput, paths: Sequence[str]) -> Origin:
    """Tell where the rows of a data set came from."""
    from bce_cli.render.origin import Origin  # noqa: PLC0415
    from bce_cli.storage.paths import without_secrets  # noqa: PLC0415 -- not for --help

    return Origin(
        sources=tuple(map(without_secrets, paths)),
        label_column=data.label_name,
        prediction_columns=tuple(dict.fromkeys(data.prediction_names)),
        weight_column=data.columns.weight_name,
        labels_source=inputs.labels and without_secrets(inputs.labels),
        positive_label=data.labels.positive,
        negative_label=data.labels.other,
        of_logits=inputs.logits,
        n_missing=data.n_missing,
        n_unmatched=data.n_unmatched,
    )
