"""Checks that arrays from outside are labels, predictions and weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.arguments import shown
from bce_cli.core.rows import Rows
from bce_cli.core.rules import sigmoid
from bce_cli.errors import (
    ArgumentError,
    DataError,
    LabelError,
    ProbabilityError,
    WeightError,
    argument,
    safe_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from bce_cli.core.rows import BoolArray, FloatArray, LabelArray

LEAST_WEIGHT, LARGEST_WEIGHT = 1e-100, 1e100
"""Limits of weights other than 0, so that no square or product leaves the range of float64."""


def positive_labels(labels: FloatArray) -> BoolArray | None:
    """Which labels are 1, or None when one of them is neither 0 nor 1."""
    positive = labels == 1.0
    n_valid = np.count_nonzero(positive) + np.count_nonzero(labels == 0.0)
    return positive if n_valid == len(labels) else None


def are_probabilities(values: FloatArray) -> bool:
    """Whether every value lies in [0, 1]; not-a-number does not."""
    return len(values) == 0 or bool(values.min() >= 0.0 and values.max() <= 1.0)


def are_logits(values: FloatArray) -> bool:
    """Whether every value is a number; infinite ones are, not-a-number is none."""
    return len(values) == 0 or not np.isnan(values.min())


def are_weights(values: FloatArray) -> bool:
    """Whether every value is 0 or lies in [LEAST_WEIGHT, LARGEST_WEIGHT].

    Examples
    --------
    >>> import numpy as np
    >>> are_weights(np.array([0.0, 2.5])), are_weights(np.array([1.0, -1.0]))
    (True, False)
    """
    return bool(np.all(_is_weight(values)))


def _is_weight(values: FloatArray) -> BoolArray:
    valid: BoolArray = ((values >= LEAST_WEIGHT) & (values <= LARGEST_WEIGHT)) | (values == 0.0)
    return valid


def unsigned_zeros(values: FloatArray) -> FloatArray:
    """Turn -0 into 0, so that no sign of it shows up in a product."""
    return values + 0.0 if len(values) and values.min() == 0.0 else values


def as_vector(values: npt.ArrayLike, name: str) -> FloatArray:
    """Return `values` as float64, shape (n,); complain under `name` otherwise."""
    _refuse_other_things(values, name)
    values = unmasked(values, name)
    place = elsewhere(values)
    if place is not None:
        message = f"{name} are {place}"
        raise ArgumentError(message, TO_THIS_PROCESS, name)
    try:
        array = widened(np.asarray(detached(values)))
        _refuse_no_numbers(array, name)
        vector = array.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, DataError):
            raise
        message = f"{name} must be numbers: {error}"
        raise DataError(message) from None
    if vector.shape[1:] == (1,):
        vector = vector[:, 0]
    if vector.ndim != 1:
        message = f"{name} have {shape_fault(vector.shape, name)}"
        raise DataError(message)
    return vector


def _refuse_no_numbers(array: npt.NDArray[Any], name: str) -> None:
    kind = array.dtype.kind
    if kind in "SUT" or (kind == "O" and any(isinstance(v, str | bytes) for v in array.flat)):
        message = f"{name} must be numbers, not texts"
        raise DataError(message)
    if kind not in _NUMBERS:
        message = f"{name} must be numbers of the real line, not of type {array.dtype}"
        raise DataError(message)


_NUMBERS = "biufO"
"""Kinds of NumPy types that hold real numbers, or may, which objects say themselves."""

_CLASSES = 2  # that predict_proba has a column for


def shape_fault(shape: tuple[int, ...], name: str = "predictions") -> str:
    """Say what is wrong with the shape of an array that should have one value for each row.

    Examples
    --------
    >>> shape_fault((1000, 2))
    'shape (1000, 2): pass [:, 1], the probability of label 1'
    >>> shape_fault((1000, 2), "labels")
    'shape (1000, 2): if they are one-hot, pass [:, 1]'
    >>> shape_fault((3, 4, 5))
    'shape (3, 4, 5), where (n,) is needed'
    """
    if shape[1:] == (_CLASSES,) and name.startswith("label"):
        return f"shape {shape}: if they are one-hot, pass [:, 1]"
    if shape[1:] == (_CLASSES,) and name.startswith(("prediction", "probabilities", "logits")):
        return f"shape {shape}: pass [:, 1], the probability of label 1"
    return f"shape {shape}, where (n,) is needed"


_NARROW = ("bfloat16", "float8")
"""Floats that NumPy does not know by itself; float32 holds every one of them."""

_HOST = (1, 3)
"""Kinds of devices, as DLPack counts them, whose memory is that of this process."""

TO_THIS_PROCESS = "call .cpu(), or whatever copies them to the memory of this process"
"""What to try about values that are elsewhere."""


def elsewhere(values: Any) -> str | None:  # noqa: ANN401 -- a tensor of any library, or anything else
    """Say where values are that are not in the memory of this process; None for all others.

    Examples
    --------
    >>> elsewhere([0.5]) is None
    True
    """
    device = getattr(values, "device", None)
    kind = getattr(device, "type", None)
    is_here = not isinstance(kind, str) or kind == "cpu"
    if is_here and hasattr(values, "__dlpack_device__"):
        is_here = int(values.__dlpack_device__()[0]) in _HOST
    if is_here:
        return None
    return "on another device" if device is None else f"on the device {safe_text(str(device), 80)}"


def detached(values: Any) -> Any:  # noqa: ANN401 -- as above
    """Return a tensor as NumPy can view it, without gradients; anything else as it is."""
    if not hasattr(values, "detach"):
        return values
    values = values.detach()
    is_narrow = str(values.dtype).startswith(tuple(f"torch.{name}" for name in _NARROW))
    return values.float() if is_narrow else values


def widened(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return floats that NumPy does not know by itself as such that it knows."""
    return array.astype(np.float32) if array.dtype.name.startswith(_NARROW) else array


def _refuse_other_things(values: object, name: str) -> None:
    """Raise ArgumentError for what holds no values, such as a path, or the totals of some."""
    hint = None
    if isinstance(values, str):
        hint = f"bce_cli.compute({shown(values)}) reads files"
    elif any(hasattr(values, at) for at in ("__len__", "__array__", "__iter__", "__float__")):
        return  # what is wrong with it, if anything, is up to its values
    what = shown(values) if isinstance(values, str) or values is None else type(values).__name__
    message = f"{argument(name)} must be an array of numbers, got {what}"
    raise ArgumentError(message, hint)


def unmasked(values: npt.ArrayLike, name: str) -> npt.ArrayLike:
    """Return the values of a masked array of which none is masked, and all else as it is.

    Raises
    ------
    ArgumentError
        A value is masked: as an ordinary array it would be back again.
    """
    if not isinstance(values, np.ma.MaskedArray):
        return values
    n_masked = int(np.count_nonzero(np.ma.getmaskarray(values)))
    if n_masked:
        message = f"{argument(name)} is a masked array, and {n_masked} of its values are masked"
        hint = "leave those rows out of all arrays: values[~mask].data"
        raise ArgumentError(message, hint)
    return values.data


def float_type_of(values: npt.ArrayLike) -> str:
    """Return the float type in which a library would get the values; see `rows.FloatType`.

    Examples
    --------
    >>> float_type_of(np.array([0.5], np.float32)), float_type_of([np.float32(0.5)])
    ('float32', 'float64')
    """
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.char in "ef":
        return dtype.name
    name = str(dtype).removeprefix("torch.")
    if name.startswith(_NARROW):
        return "float32"
    return name if name in ("float16", "float32") else "float64"


def _refuse_other_order(arrays: Iterable[tuple[str, Any]]) -> None:
    """Raise ArgumentError if pandas names the rows of two arrays alike, but in another order."""
    named = [(name, a.index) for name, a in arrays if hasattr(getattr(a, "index", None), "equals")]
    for name, index in named[1:]:
        first_name, first = named[0]
        if len(index) != len(first) or index.equals(first):
            continue
        if not first.symmetric_difference(index).size:
            message = (
                f"{argument(name)} and {argument(first_name)} have the same index in another order"
            )
            hint = "rows are paired by their place: align them first, or pass plain arrays"
            raise ArgumentError(message, hint)


def check_rows(
    labels: npt.ArrayLike,
    predictions: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    logits: bool = False,
    soft_labels: bool = False,
) -> Rows:
    """Turn array-likes into rows.

    Parameters
    ----------
    labels : array-like, shape (n,)
        Each 0 or 1; with `soft_labels`, each in [0, 1].
    predictions : array-like, shape (n,)
        Each in [0, 1]; with `logits`, any number, infinite ones included.
    weights : array-like, shape (n,), optional
        Each 0 or in [1e-100, 1e100].
    logits, soft_labels : bool

    Raises
    ------
    LabelError, ProbabilityError, WeightError
        Names the first value outside its domain.
    DataError
        The shapes differ, or a value is not a number at all.
    ArgumentError
        What is passed is no array, or values are masked; or two arrays of pandas have the same
        index in another order.

    Examples
    --------
    >>> check_rows([1, 0], [-2.0, 0.0], logits=True).probabilities.round(4).tolist()
    [0.1192, 0.5]
    """
    name = "logits" if logits else "probabilities"
    _refuse_other_order((("labels", labels), (name, predictions), ("weights", weights)))
    label_values = as_vector(labels, "labels")
    values = as_vector(predictions, name)
    if len(label_values) != len(values):
        message = f"{len(label_values)} labels but {len(values)} {name}"
        raise DataError(message)
    checked: LabelArray
    if soft_labels:
        checked = _in_unit_interval(label_values, "labels", LabelError)
    else:
        checked = _hard(label_values)
    if weights is not None:
        weights = _weights(weights, len(values))
    float_type = float_type_of(predictions)
    values = checked_predictions(values, logits=logits)
    if not logits:
        return Rows(checked, values, weights, float_type=float_type)
    return Rows(checked, sigmoid(values), weights, logits=values, float_type=float_type)


def checked_predictions(predictions: npt.ArrayLike, *, logits: bool = False) -> FloatArray:
    """Return predictions as float64, shape (n,).

    Parameters
    ----------
    predictions : array-like, shape (n,)
        Each in [0, 1]; with `logits`, any number, infinite ones included.
    logits : bool, default False

    Raises
    ------
    ProbabilityError
        Names the first value outside its domain.
    DataError
        The shape is another, or a value is not a number at all.
    ArgumentError
        A value is masked.

    Examples
    --------
    >>> checked_predictions([0, -0.0, 1]).tolist()
    [0.0, 0.0, 1.0]
    """
    name = "logits" if logits else "probabilities"
    values = as_vector(predictions, name)
    if not logits:
        return _in_unit_interval(values, name, ProbabilityError)
    if not are_logits(values):
        message = f"logits[{int(np.argmax(np.isnan(values)))}] is not a number"
        raise ProbabilityError(message)
    return values


def _hard(labels: FloatArray) -> BoolArray:
    positive = positive_labels(labels)
    if positive is None:
        valid = (labels == 0.0) | (labels == 1.0)
        raise _outside(LabelError, "labels", labels, valid, "0 or 1")
    return positive


def _in_unit_interval(values: FloatArray, name: str, kind: type[DataError]) -> FloatArray:
    if not are_probabilities(values):
        raise _outside(kind, name, values, (values >= 0.0) & (values <= 1.0), "in [0, 1]")
    return unsigned_zeros(values)


def _weights(weights: npt.ArrayLike, n: int) -> FloatArray:
    values = as_vector(weights, "weights")
    if len(values) != n:
        message = f"{len(values)} weights for {n} rows"
        raise DataError(message)
    if not are_weights(values):
        domain = "a weight: 0, or 1e-100 to 1e100"
        raise _outside(WeightError, "weights", values, _is_weight(values), domain)
    return unsigned_zeros(values)


def _outside(
    kind: type[DataError], name: str, values: FloatArray, valid: BoolArray, domain: str
) -> DataError:
    """Name the first value outside its domain."""
    bad = int(np.argmin(valid))
    return kind(f"{name}[{bad}] = {values[bad]} is not {domain}")
