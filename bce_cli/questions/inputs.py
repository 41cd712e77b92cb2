"""What is to be read, and how, in the words of the options and arguments that say so."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from bce_cli.core.arguments import check_choice
from bce_cli.data.data import Data, Join, open_data, open_models, open_rivals
from bce_cli.errors import ArgumentError, argument, given
from bce_cli.lean_dataclass import dataclass
from bce_cli.readers import grammar
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import Grammar, InputOptions, Layout
from bce_cli.readers.patterns import must_match_several
from bce_cli.storage.paths import file_name, is_pattern, without_secrets
from bce_cli.storage.sources import PIPE, STANDARD_INPUT, files_of, paths_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bce_cli.core.cuts import Cut
    from bce_cli.readers.frames import Frame
    from bce_cli.render.origin import Origin

Source: TypeAlias = "str | Frame"
"""A path or an address, or what is in memory."""

MissingRule: TypeAlias = Literal["error", "drop"]
JoinRule: TypeAlias = Literal["all", "inner"]
InputFormat: TypeAlias = Literal["csv", "tsv", "json", "jsonl", "parquet", "arrow", "orc"]
DecimalSign: TypeAlias = Literal[".", ","]

_CHOICES: dict[str, Any] = {
    "missing": MissingRule,
    "join": JoinRule,
    "input_format": InputFormat,
    "decimal": DecimalSign,
}
_PREDICTIONS_AND_LABELS = 2
_PAIR = 2


@dataclass(frozen=True, slots=True)
class Inputs:
    """Columns by name, how rows of several sources meet, and how text is written.

    Attributes
    ----------
    label : str, optional
        A name, or ``#3`` for the third column; else what is called as labels are.
    predictions : tuple of str
        A model each, the baseline first; none for what is called as predictions are.
    least_models : int, optional
        Predictions may be patterns, such as ``p_*``, and so many models there must be. 0 where a
        list would make patterns of them.
    weight, id, cluster, order : str, optional
    by : tuple of str
        Columns that part the rows into segments.
    cut : dict of str to Cut
        Which of these hold numbers, that are cut into intervals.
    positive : str, optional
        The label that counts as 1, where labels are not 0 and 1.
    soft_labels, logits : bool
        Whether labels are probabilities, and whether predictions are logits.
    missing : {"error", "drop"}
    labels : str or Frame, optional
        Where labels stand, if not beside the predictions.
    on : tuple of str
        Columns that join rows; none for rows in the same order.
    join : {"all", "inner"}
    against : tuple of str or Frame
        Where the predictions of a rival stand, if not beside the others.
    against_column : str, optional
        What they are called; None for as the others are. It may be one of `predictions`.
    input_format, delimiter, encoding, comment : str, optional
    decimal : {".", ","}
    no_header : bool
        Of CSV.
    """

    label: str | None = None
    predictions: tuple[str, ...] = ()
    least_models: int | None = None
    weight: str | None = None
    id: str | None = None
    cluster: str | None = None
    order: str | None = None
    by: tuple[str, ...] = ()
    cut: Mapping[str, Cut] = field(default_factory=dict)
    positive: str | None = None
    soft_labels: bool = False
    logits: bool = False
    missing: MissingRule = "error"
    labels: Source | None = None
    on: tuple[str, ...] = ()
    join: JoinRule = "all"
    against: tuple[Source, ...] = ()
    against_column: str | None = None
    input_format: InputFormat | None = None
    delimiter: str | None = None
    decimal: DecimalSign = "."
    no_header: bool = False
    encoding: str | None = None
    comment: str | None = None

    def data(self, sources: Sequence[Source], block_bytes: int | None = None) -> Data:
        """Prepare to read sources that follow each other.

        Parameters
        ----------
        sources : sequence of str or Frame
        block_bytes : int, optional

        Raises
        ------
        ArgumentError, UsageError
            What is asked for contradicts itself.
        """
        self._check(sources, has_models=bool(self.against))
        columns = self._columns()
        if self.against:
            if self.least_models and self.against_column is None:
                named = argument("against_column")
                message = f"{argument('against')} takes one column, and {named} does not say which"
                raise ArgumentError(message, "predictions are a pattern here")
            if self.labels is None:
                columns = replace(columns, truth="FILE")
            asked, column = self._asked(columns, block_bytes), self.against_column
            return open_rivals(sources, self.against, column, asked, self._join())
        if len(sources) == _PREDICTIONS_AND_LABELS and self.labels is None:
            columns = replace(columns, truth=_path_of(sources[1]))
        return open_data(sources, self._asked(columns, block_bytes), self._join())

    def models(self, sources: Sequence[Source], notes: Sequence[str] = ()) -> Data:
        """Prepare to read sources side by side, each with the predictions of another model.

        Parameters
        ----------
        sources : sequence of str or Frame
        notes : sequence of str, optional
            What was passed over where these were looked for.

        Raises
        ------
        ArgumentError, UsageError
            What is asked for contradicts itself.
        """
        self._check(sources, has_models=True)
        columns = self._columns()
        if self.labels is None:
            columns = replace(columns, truth="FILE")
        data = open_models(sources, self._asked(columns), self._join())
        data.baseline.note(*notes)
        return data

    def origin(self, data: Data, sources: Sequence[Source]) -> Origin:
        """Return what a report tells of its rows, once all of them were read."""
        from bce_cli.render.origin import Origin  # noqa: PLC0415 -- one number needs none

        return Origin(
            sources=tuple(map(_shown, sources)),
            label_column=data.label_name,
            prediction_columns=tuple(dict.fromkeys(data.prediction_names)),
            weight_column=data.weight_name,
            labels_source=None if self.labels is None else _shown(self.labels),
            positive_label=data.labels.positive,
            negative_label=data.labels.other,
            of_logits=self.logits,
            n_missing=data.n_missing,
            n_unmatched=data.n_unmatched,
            doubts=tuple(data.doubts),
            cuts={
                name: cut
                for name, cut in zip(data.segment_names, data.cuts, strict=True)
                if cut is not None
            },
            files=files_of(data.sources),
        )

    def against_names(self) -> tuple[str, ...]:
        """Call the sources that the predictions of a rival stand in; none where they are beside."""
        return tuple(map(_shown, self.against))

    def model_names(self, data: Data, sources: Sequence[Source]) -> list[str]:
        """Call models by their columns, or by their sources as briefly as can be."""
        columns = list(data.prediction_names)
        if self.against:
            own = columns[:-1] if len(columns) > _PAIR else []
            files = [*([] if own else sources[:1]), self.against[0]]
            tries = [[*own, *map(_brief, files)], [*own, *map(_shown, files)], columns]
        elif len(data.models) == 1:
            tries = [columns, list(data.baseline.options.columns.predictions)]
        else:
            tries = [[*map(_brief, sources)], [*map(_shown, sources)]]
        for names in tries:
            if len(set(names)) == len(names):
                return names
        return [f"{name} {number}" for number, name in enumerate(names, start=1)]

    def _columns(self) -> ColumnChoice:
        beside = () if self.against or self.against_column is None else (self.against_column,)
        if self.against_column in self.predictions[1:]:  # one of the models is held against
            beside = ()
        return ColumnChoice(
            self.label,
            next(iter(self.predictions), None),
            rivals=(*self.predictions[1:], *beside),
            weight=self.weight,
            id=self.id,
            cluster=self.cluster,
            order=self.order,
            segments=self.by,
            cuts=self.cut,
            of_logits=self.logits,
            least_models=self.least_models,
        )

    def _asked(self, columns: ColumnChoice, block_bytes: int | None = None) -> InputOptions:
        cells = Grammar(
            self.positive,
            soft_labels=self.soft_labels,
            logits=self.logits,
            drop_missing=self.missing == "drop",
            decimal=self.decimal,
        )
        layout = Layout(
            self.input_format, self.delimiter, not self.no_header, self.encoding, self.comment
        )
        return InputOptions(
            columns=columns,
            grammar=cells,
            layout=layout,
            block_bytes=block_bytes or grammar.BLOCK_BYTES,
        )

    def _join(self) -> Join | None:
        """Return how rows of several sources find together; None if they need not."""
        if not self.on and self.labels is None:
            return None
        return Join(self.on, self.labels, is_inner=self.join == "inner")

    def _check(self, sources: Sequence[Source], *, has_models: bool) -> None:
        """Refuse what is not known or contradicts itself, and paths that are empty."""
        for name, kind in _CHOICES.items():
            value = getattr(self, name)
            if value is not None or name != "input_format":
                check_choice(name, value, get_args(kind))
        self._check_join(has_models=has_models)
        if self.positive is not None and not self.positive.strip():
            message = f"{argument('positive')} must not be empty"
            raise ArgumentError(message)
        if self.positive is not None and self.soft_labels:
            other = argument("soft_labels")
            message = f"{argument('positive')} names one of two labels; it does not go with {other}"
            raise ArgumentError(message)
        if self.comment is not None and (not self.comment or set(self.comment) & set('"\r\n')):
            message = f"{argument('comment')} must be some text without quotes and line ends"
            raise ArgumentError(message)
        for name in ("labels", "against_column"):
            if getattr(self, name) == "":
                message = f"{argument(name)} must not be empty"
                raise ArgumentError(message)
        if "" in self.against:
            message = f"{argument('against')} must not be empty"
            raise ArgumentError(message)
        if "" in sources:
            message = "SOURCE must not be empty"
            raise ArgumentError(message)

    def _check_join(self, *, has_models: bool) -> None:
        joins_models = has_models and self.labels is None  # a key alone joins these
        if self.on and self.labels is None and not joins_models:
            message = (
                f"{argument('labels')} and {argument('on')} go together: a file, and the column "
                "that joins it"
            )
            raise ArgumentError(message, f"such as {given(labels='truth.csv', on='id')}")
        if self.join == "inner" and not self.on:
            if joins_models:
                message = f"{argument('join')} needs {argument('on')}"
                raise ArgumentError(message, f"such as {given(on='id')}")
            message = f"{argument('join')} needs {argument('labels')} and {argument('on')}"
            raise ArgumentError(message)


def model_sources(
    sources: Sequence[Source], predictions: Sequence[str]
) -> tuple[Sequence[Source] | None, list[str]]:
    """Return the sources of models side by side, if they are that and not columns.

    A folder or a pattern alone stands for a model in each of the files and folders in it.

    Parameters
    ----------
    sources : sequence of str or Frame
    predictions : sequence of str
        Names of columns, or patterns.

    Returns
    -------
    sources : sequence of str or Frame, or None
        None where models are columns, and sources follow each other.
    notes : list of str
        What was passed over.
    """
    notes: list[str] = []
    if len(predictions) > 1 or any(map(must_match_several, predictions)):
        return None, notes
    first = sources[0] if len(sources) == 1 else None
    if first is None:
        return sources, notes
    paths = paths_at(first, notes) if isinstance(first, str) and first else []
    if len(paths) > 1:
        return paths, notes
    return None if any(map(is_pattern, predictions)) else sources, notes


def _path_of(source: Source) -> str:
    return source if isinstance(source, str) else source.name


def _shown(source: Source) -> str:
    return without_secrets(source) if isinstance(source, str) else source.name


def _brief(source: Source) -> str:
    if not isinstance(source, str):
        return source.name
    return PIPE if source == STANDARD_INPUT else file_name(source)
