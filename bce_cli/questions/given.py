"""What functions are given, tables, arrays or files, as sources and what is to be read of them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.arguments import check_kind, shown
from bce_cli.errors import ArgumentError, quoted
from bce_cli.lean_dataclass import dataclass
from bce_cli.questions.inputs import Inputs, model_sources
from bce_cli.readers.array_likes import (
    UnfitError,
    column_of,
    how_to_make,
    label_text,
)
from bce_cli.readers.frames import columns_of, frame_of, frame_of_columns, is_tabular
from bce_cli.readers.patterns import must_match_several
from bce_cli.storage.paths import is_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.questions.inputs import Source

_OF_TABLES = ("label", "labels", "on", "against_column")
"""What names columns of tables, or joins them."""

_FLAGS = ("soft_labels", "logits", "no_header")
_TEXTS = ("delimiter", "encoding", "comment")

_PLACE = re.compile(r"#\d+")
_TWO_AXES = 2
_ROUNDING = 1e-3  # of predictions in float16


@dataclass(frozen=True, slots=True)
class Given:
    """Sources, and what is to be read of them.

    Attributes
    ----------
    sources : list of str or Frame
    inputs : Inputs
    has_models : bool
        Whether each source is a model, and they stand side by side.
    notes : tuple of str
        What was passed over where they were looked for.
    names_models : bool
        Whether predictions were given as those of several models, be it one only.
    """

    sources: list[Source]
    inputs: Inputs
    has_models: bool = False
    notes: tuple[str, ...] = ()
    names_models: bool = False


def scored(data: object, prediction: object, **options: Any) -> Given:  # noqa: ANN401
    """Take labels and the predictions of one model, in a table or as arrays.

    Parameters
    ----------
    data : table, path, sequence of paths, or array-like
        An array-like holds the labels.
    prediction : str, array-like or None
    **options
        Those of `Inputs`; columns are names for tables, and array-likes for arrays. `name` is what
        data in memory are called.

    Raises
    ------
    ArgumentError
        What is given does not go together.
    """
    prediction = _column_name("prediction", prediction, data)
    if prediction is None or isinstance(prediction, str):
        return _of_tables(data, () if prediction is None else (prediction,), options)
    return _of_arrays(data, {"prediction": prediction}, options)


def judged(data: object, prediction: object, **options: Any) -> Given:  # noqa: ANN401
    """Take labels and the predictions of one model, or of several by name; see `scored`.

    Parameters
    ----------
    data : table, path, sequence of paths, or array-like
    prediction : str, array-like, or of several a sequence of str or a mapping
    """
    is_listed = isinstance(prediction, list | tuple) and bool(prediction)
    if is_listed and all(isinstance(name, str) for name in prediction):  # type: ignore[attr-defined]
        names: tuple[str, ...] = tuple(prediction)  # type: ignore[arg-type]
        options["least_models"] = 1 if any(map(is_pattern, names)) else None
        return replace(_of_tables(data, names, options), names_models=True)
    is_frame = is_tabular(prediction) and not isinstance(prediction, Mapping)
    if isinstance(prediction, Mapping) or (is_frame and len(columns_of(prediction)) > 1):
        given = _of_arrays(data, _models(prediction, "prediction"), options, "prediction")
        return replace(given, names_models=True)
    return scored(data, prediction, **options, least_models=0)


def rivalling(data: object, predictions: object, **options: Any) -> Given:  # noqa: ANN401
    """Take labels and the predictions of several models; see `scored`.

    Parameters
    ----------
    data : table, path, sequence or mapping of these, or array-like
        Several tables or files are a model each.
    predictions : sequence of str, mapping of array-likes, or None
    """
    if isinstance(predictions, str) and is_pattern(predictions):
        predictions = [predictions]
    if isinstance(predictions, str):
        message = f"predictions is one name, {quoted(predictions)}, and compare takes several"
        raise ArgumentError(message, "such as predictions=['old', 'new']", "predictions")
    if isinstance(predictions, list | tuple):
        predictions = [_column_name("predictions", name, data) for name in predictions]
    is_named = isinstance(predictions, list) and all(isinstance(n, str) for n in predictions)
    if predictions is None or is_named:
        names: tuple[str, ...] = tuple(predictions or ())  # type: ignore[arg-type]
        return _of_tables(data, names, options, takes_models=True)
    models = _models(predictions)
    if len(models) < _TWO_AXES:
        message = "there is one model only"
        raise ArgumentError(message, "such as predictions={'old': a, 'new': b}", "predictions")
    return _of_arrays(data, models, options)


def _models(predictions: Any, argument: str = "predictions") -> dict[str, object]:  # noqa: ANN401
    """Return the predictions of each model by its name."""
    if isinstance(predictions, Mapping):
        odd = [name for name in predictions if not isinstance(name, str) or not name]
        if odd:
            message = f"{argument} has the name {odd[0]!r}, which is no text"
            raise ArgumentError(message, None, argument)
        if not predictions:
            message = f"{argument} is empty: there is no model in it"
            raise ArgumentError(message, None, argument)
        return dict(predictions)
    if is_tabular(predictions):
        columns = columns_of(predictions)
        shape = getattr(predictions, "shape", (len(columns),))
        _refuse_classes([*columns.values()], shape, argument)
        return columns
    if not isinstance(predictions, list | tuple) and getattr(predictions, "ndim", 1) == _TWO_AXES:
        shape = tuple(map(int, predictions.shape))
        predictions = [predictions[:, place] for place in range(shape[1])]
        _refuse_classes(predictions, shape)
    is_one = isinstance(predictions, list | tuple) and all(isinstance(p, Real) for p in predictions)
    if is_one or not isinstance(predictions, list | tuple):
        message = (
            f"predictions must be those of several models, got one {type(predictions).__name__}"
        )
        raise ArgumentError(message, "such as predictions={'old': a, 'new': b}", "predictions")
    return {f"model {number}": values for number, values in enumerate(predictions, start=1)}


def _refuse_classes(
    models: Sequence[object], shape: tuple[int, ...], argument: str = "predictions"
) -> None:
    """Raise ArgumentError for two columns that are those of predict_proba, one for each label."""
    if len(models) != _TWO_AXES:
        return
    try:
        no, yes = (np.asarray(column_of(values).values) for values in models)
    except UnfitError:  # which is said later
        return
    if no.dtype.kind != "f" or yes.dtype.kind != "f" or no.shape != yes.shape or not len(no):
        return
    with np.errstate(invalid="ignore"):
        are_of_one_model = np.all(np.abs(no + yes - 1.0) < _ROUNDING)
    if are_of_one_model:
        have = "have" if argument == "predictions" else "has"
        message = f"{argument} {have} shape {shape}, of rows that sum to 1: not two models"
        hint = f"pass [:, 1] of each model: {argument}={{'old': p[:, 1], 'new': q[:, 1]}}"
        raise ArgumentError(message, hint, argument)


def _of_tables(
    data: Any,  # noqa: ANN401 -- whatever was given
    predictions: tuple[str, ...],
    options: dict[str, Any],
    *,
    takes_models: bool = False,
) -> Given:
    name = _name(options)
    are_models = takes_models and len(predictions) <= 1
    are_models = are_models and not any(map(must_match_several, predictions))
    sources = _tables(data, name, are_models=are_models)
    models, notes = model_sources(sources, predictions) if takes_models else (None, [])
    if takes_models:
        options["least_models"] = _TWO_AXES
    if models is not None and len(models) == 1:
        message = "there is one model only: name two columns, or give a table for each model"
        raise ArgumentError(message, "such as predictions=['old', 'new']", "predictions")
    tables = data, options.get("labels")
    for argument in ("label", "weight", "id", "cluster", "order"):
        if argument in options:
            options[argument] = _column_name(argument, options[argument], *tables)
            _refuse_values(argument, options[argument])
    for argument in ("by", "on"):
        options[argument] = _names(argument, options.get(argument), *tables)
    if "against" in options:
        _take_against(data, options)
    _set_cuts(options, options["by"])
    labels = options.get("labels")
    if labels is not None and not isinstance(labels, str):
        options["labels"] = _table(labels, "labels")
    inputs = _inputs(predictions, options)
    if models is None:
        return Given(sources, inputs)
    return Given([*models], inputs, has_models=True, notes=tuple(notes))


def _take_against(data: Any, options: dict[str, Any]) -> None:  # noqa: ANN401
    """Take what predictions are held against for sources, or for a column of the same table."""
    against = options["against"]
    if isinstance(against, str) and is_tabular(data) and against in _names_in(data):
        message = f"against is a table or a path, and {quoted(against)} a column of the data"
        raise ArgumentError(message, f"name it as against_column={against!r}", "against")
    column = _column_name("against_column", options["against_column"], data, against)
    _refuse_values("against_column", column)
    options["against_column"] = column
    found = () if against is None else _tables(against, None, are_models=False, argument="against")
    options["against"] = tuple(found)


def _tables(
    data: Any,  # noqa: ANN401 -- whatever was given
    name: str | None,
    *,
    are_models: bool,
    argument: str = "data",
) -> list[Source]:
    if data is None:
        message = "data is missing: a table, labels, or the path of a file"
        raise ArgumentError(message, None, "data")
    if are_models and isinstance(data, Mapping) and all(map(is_tabular, data.values())):
        return [frame_of(table, str(key)) for key, table in data.items()]
    if isinstance(data, Mapping) and data and all(map(_is_path, data.values())):
        message = f"{argument} has paths by name, and files are called by their paths"
        raise ArgumentError(message, "give them as a list", argument)
    if not isinstance(data, list | tuple):
        return [_table(data, argument, name)]
    if not data:
        message = f"{argument} is empty: there is no table and no path in it"
        raise ArgumentError(message, None, argument)
    are_paths = all(isinstance(item, str | os.PathLike) for item in data)
    if not are_paths and not all(
        isinstance(item, str | os.PathLike) or is_tabular(item) for item in data
    ):
        raise _no_table(data, argument)
    return [_table(item, argument, name) for item in data]


def _table(data: Any, argument: str, name: str | None = None) -> Source:  # noqa: ANN401
    """Return the source that a table or a path is."""
    if isinstance(data, str | os.PathLike):
        if name is not None:
            message = "name is for data in memory; a file is called by its path"
            raise ArgumentError(message, None, "name")
        path = os.fspath(data)
        return path if isinstance(path, str) else os.fsdecode(path)
    if not is_tabular(data):
        raise _no_table(data, argument)
    return frame_of(data, name)


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike)


def _no_table(data: object, argument: str) -> ArgumentError:
    kind = type(data).__name__
    message = f"{argument} is neither a table nor a path, but {quoted(kind)}"
    hint = how_to_make(data)
    if hint is None and argument == "data":
        hint = "labels and predictions as arrays are two arguments: (labels, predictions)"
    if hint is None and argument == "against":
        hint = "a column of the same table is against_column, a result or saved report baseline"
    return ArgumentError(message, hint, argument)


def _column_name(argument: str, value: object, *tables: Any) -> object:  # noqa: ANN401
    """Return the text that a number or a tuple stands for as the name of a column; else the value.

    Raises
    ------
    ArgumentError
        No table has a column of that name; or it is a tuple, which no text stands for.
    """
    is_number = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, tuple) and _is_name(value)):
        return value
    firsts = (each[0] if isinstance(each, list | tuple) and each else each for each in tables)
    columns = [_names_in(table) for table in firsts if is_tabular(table)]
    if not columns:
        return value
    if not any(value in names for names in columns):
        message = f"{argument} is {shown(value)}, and no column is called so"
        raise ArgumentError(message, "'#1' is the first column, '#2' the second", argument)
    if isinstance(value, tuple):
        message = f"{argument} is {shown(value)}, and names of columns must be texts"
        hint = "df.set_axis(df.columns.map('_'.join), axis=1) has such names"
        raise ArgumentError(message, hint, argument)
    return str(value)


def _is_name(value: tuple[object, ...]) -> bool:
    """Whether a tuple may be the name of a column in pandas, of several levels."""
    return len(value) > 1 and any(isinstance(part, str) for part in value)


def _names_in(table: Any) -> list[object]:  # noqa: ANN401 -- of any library
    return list(table) if isinstance(table, Mapping) else list(getattr(table, "columns", ()))


def _refuse_values(argument: str, value: object) -> None:
    if value is None or isinstance(value, str):
        return
    kind = type(value).__name__
    message = f"{argument} must be the name of a column of the table, got {quoted(kind)}"
    raise ArgumentError(message, "put the values into the table, or pass arrays alone", argument)


def _names(argument: str, value: Any, *tables: Any) -> tuple[str, ...]:  # noqa: ANN401
    if value is None:
        return ()
    names = (value,) if isinstance(value, str | Integral) else value
    if isinstance(names, list | tuple):
        names = [_column_name(argument, name, *tables) for name in names]
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        message = f"{argument} must name columns of the table, got {quoted(type(value).__name__)}"
        raise ArgumentError(message, f"such as {argument}='day'", argument)
    return tuple(names)


def _of_arrays(
    labels: Any,  # noqa: ANN401 -- whatever was given
    models: dict[str, object],
    options: dict[str, Any],
    given_as: str = "predictions",
) -> Given:
    """Make one table of arrays, whose columns are called as they are, or as what they are for."""
    if labels is None:
        message = "labels are missing: they are the first argument"
        raise ArgumentError(message, None, "data")
    labels = _labels(labels)
    for argument in _OF_TABLES:
        if options.get(argument) is not None:
            message = f"{argument} is for tables; the labels are the first argument here"
            hint = "they are 0 and 1, or two values of which positive= names one"
            hints = {"labels": hint, "against_column": "pass the values: against=table['old']"}
            raise ArgumentError(message, hints.get(argument), argument)
    columns: dict[str, tuple[str, object]] = {}
    _add(columns, "label", labels)
    is_single = set(models) == {"prediction"}
    chosen = tuple(
        _add(
            columns,
            "prediction" if is_single else given_as,
            values,
            None if is_single else name,
        )
        for name, values in models.items()
    )
    for argument in ("weight", "id", "cluster", "order", "against"):
        value = options.get(argument)
        if value is not None:
            if isinstance(value, str):
                message = f"{argument} names a column, {quoted(value)}, and these are arrays"
                raise ArgumentError(
                    message, f"pass the values: {argument}=table[{value!r}]", argument
                )
            options[argument] = _add(columns, argument, value)
    if "against" in options:
        options["against"], options["against_column"] = (), options["against"]
    by = options.get("by")
    if is_tabular(by):
        by = columns_of(by)
    if isinstance(by, str):
        message = f"by names a column, {quoted(by)}, and these are arrays"
        raise ArgumentError(message, f"pass the values: by=table[{by!r}]", "by")
    segments = by if isinstance(by, Mapping) else {} if by is None else {None: by}
    options["by"] = tuple(_add(columns, "by", value, key) for key, value in segments.items())
    _set_cuts(options, [str(key) for key in segments])
    options["label"] = next(iter(columns))
    name = _name(options) or "arrays"
    values = {name: values for name, (_, values) in columns.items()}
    arguments = {name: argument for name, (argument, _) in columns.items()}
    frame = frame_of_columns(values, name, arguments=arguments)
    return Given([frame], _inputs(chosen, options))


def _set_cuts(options: dict[str, Any], called: Sequence[str]) -> None:
    """Have a cut for each column that is to be cut; the caller calls these so."""
    if options.get("cut") is None:
        options["cut"] = {}
        return
    from bce_cli.questions.cuts import cuts_of  # noqa: PLC0415 -- rarely needed

    names = dict(zip(called, options["by"], strict=True))
    options["cut"] = {names[name]: cut for name, cut in cuts_of(options["cut"], called).items()}


def _labels(labels: Any) -> Any:  # noqa: ANN401 -- whatever was given
    """Return labels as they are; of a table, its only column."""
    labels = _only_column(labels)
    if isinstance(labels, str | os.PathLike) or is_tabular(labels):
        kind = type(labels).__name__
        message = f"the first argument is a table or a path, {quoted(kind)}, and predictions values"
        hint = "name the column that holds them, prediction='p', or pass the labels alone"
        raise ArgumentError(message, hint)
    return labels


def _only_column(values: Any) -> Any:  # noqa: ANN401 -- whatever was given
    """Return the only column of a table that has one, by whose name it is called; else values."""
    if getattr(values, "shape", ())[1:] != (1,) or not is_tabular(values):
        return values
    return next(iter(columns_of(values).values()))


def _add(
    columns: dict[str, tuple[str, object]], argument: str, values: object, name: str | None = None
) -> str:
    """Add a column under a name that is free, and return that."""
    values = _only_column(values)
    own = getattr(values, "name", None) if name is None else name
    is_name = isinstance(own, str) and own.strip() and not _PLACE.fullmatch(own)
    wanted = str(own) if is_name else argument
    free = wanted
    while free in columns:
        free = f"{free} ({argument})"
    columns[free] = argument, values
    return free


def _name(options: dict[str, Any]) -> str | None:
    name: str | None = options.pop("name")
    if name is not None:
        check_kind("name", name, str)
    return name


def _inputs(predictions: tuple[str, ...], options: dict[str, Any]) -> Inputs:
    for name in _FLAGS:
        check_kind(name, options.get(name, False), bool)
    for name in _TEXTS:
        if options.get(name) is not None:
            check_kind(name, options[name], str)
    positive = options.pop("positive", None)
    found = Inputs(predictions=predictions, **options)
    return replace(found, positive=_text(positive))


def _text(positive: object) -> str | None:
    """Return the text of a label, as a column of its type has it."""
    if positive is None:
        return None
    try:
        return label_text(positive)
    except UnfitError as fault:
        message = f"positive {fault.what}"
        raise ArgumentError(message, fault.hint, "positive") from None
