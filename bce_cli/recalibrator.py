"""A map of predictions that is kept: applied to arrays, saved, and written as a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bce_cli.core.arguments import check_choice

if TYPE_CHECKING:
    import os

    import numpy.typing as npt

    from bce_cli.core.recalibration.maps import RecalibrationMap
    from bce_cli.core.recalibration.saved import SavedMap
    from bce_cli.core.rows import FloatArray
    from bce_cli.render.formulas import FormulaLanguage


class Recalibrator:
    """A map from predictions to recalibrated predictions, and what it is worth; it never changes.

    ``bce.recalibrate(...).map()`` returns one, and ``bce.load("map.json")``. It pickles; those that
    do the same are equal.

    Parameters
    ----------
    saved : SavedMap
    read : tuple of str, optional
        Absolute paths of what it was fitted to, which it is not saved to.

    Attributes
    ----------
    method : str
        "as-is", "offset", "temperature", "logistic", "platt", "beta", "isotonic" or "centred".
    parameters : dict of str to float
        Its coefficients by name.
    of_logits : bool
        Whether it takes log odds in place of probabilities.

    Examples
    --------
    >>> import bce_cli as bce
    >>> labels, predictions = [0, 0, 0, 1, 0, 1, 1, 1] * 10, ([0.4] * 4 + [0.6] * 4) * 10
    >>> found = bce.recalibrate(labels, predictions, method="logistic").map("logistic")
    >>> found.apply([0.4, 0.6]).round(4).tolist()
    [0.25, 0.75]
    """

    __slots__ = ("_read", "_saved")
    _saved: SavedMap
    _read: tuple[str, ...]

    def __init__(self, saved: SavedMap, read: tuple[str, ...] = ()) -> None:
        object.__setattr__(self, "_saved", saved)
        object.__setattr__(self, "_read", read)

    @property
    def method(self) -> str:
        """What kind of map it is."""
        return self._saved.map.method

    @property
    def parameters(self) -> dict[str, float]:
        """Its coefficients by name."""
        return dict(self._saved.map.parameters)

    @property
    def of_logits(self) -> bool:
        """Whether it takes log odds in place of probabilities."""
        return self._saved.of_logits

    @property
    def map(self) -> RecalibrationMap:
        """The map itself, with levels and knots."""
        return self._saved.map

    def apply(self, predictions: npt.ArrayLike, *, logit: bool = False) -> FloatArray:
        """Return recalibrated predictions.

        Parameters
        ----------
        predictions : array-like, shape (n,)
            Each in [0, 1]; or log odds, any number, if the map was fitted to such.
        logit : bool, default False
            Return log odds, not probabilities.

        Returns
        -------
        ndarray of float64, shape (n,)

        Raises
        ------
        ProbabilityError, DataError, ArgumentError
            As `RecalibrationMap.apply` does.
        """
        found, of_logits = self._saved.map, self._saved.of_logits
        if not logit:
            return found.apply(predictions, logits=of_logits)
        return found.logits_of(logits=predictions) if of_logits else found.logits_of(predictions)

    def transform(self, predictions: npt.ArrayLike) -> FloatArray:
        """Do what `apply` does, under the name that pipelines know."""
        return self.apply(predictions)

    def formula(
        self, language: FormulaLanguage = "sql", column: str | None = None, *, logit: bool = False
    ) -> str:
        """Write the map as one expression over a column.

        Parameters
        ----------
        language : {"sql", "python", "excel"}, default "sql"
            Python needs ``math``; Excel has the column in the row of its table, as ``[@p]``.
        column : str, optional
            Name of the predictions; by default that of those it was fitted to.
        logit : bool, default False
            Return log odds, not a probability.

        Raises
        ------
        ArgumentError
            There is no such language.
        DataError
            The name cannot stand in a formula, or the formula is too long for Excel.

        Examples
        --------
        >>> from bce_cli.core.recalibration.maps import RecalibrationMap
        >>> from bce_cli.core.recalibration.saved import SavedMap
        >>> found = Recalibrator(SavedMap(RecalibrationMap("as-is"), "label", "p"))
        >>> found.formula("sql")
        '"p"'
        """
        from bce_cli.render.formulas import LANGUAGES, formula  # noqa: PLC0415 -- for this alone

        check_choice("language", language, LANGUAGES)
        name = self._saved.prediction_column if column is None else column
        return formula(
            self._saved.map, name, language, of_logits=self._saved.of_logits, as_logit=logit
        )

    def to_json(self) -> str:
        """Return what `save` writes."""
        return self._saved.to_json().decode()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the map to a file, whole or not at all, as ``bce recalibrate --save`` does.

        Raises
        ------
        OutputCreationError
            The file cannot be written, or is what the map was fitted to.
        DataError
            The map has too many knots.
        """
        from bce_cli.storage.streams import (  # noqa: PLC0415 -- for this alone
            refuse_overwriting,
            write_whole,
        )

        refuse_overwriting(path, self._read, "map")
        write_whole(path, self._saved.to_json())

    def to_dict(self) -> dict[str, Any]:
        """Return what the file holds, by name."""
        return self._saved.record()

    def __setattr__(self, name: str, _: object) -> None:
        message = f"{type(self).__name__}.{name} cannot be set: maps do not change"
        raise AttributeError(message)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Recalibrator):
            return NotImplemented
        return (self.map, self.of_logits) == (other.map, other.of_logits)

    def __hash__(self) -> int:
        return hash(self._saved.map)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._saved, self._read)

    def __repr__(self) -> str:
        parameters = "".join(f", {name}={value!r}" for name, value in self.parameters.items())
        blocks = self._saved.map.n_blocks
        steps = "" if blocks is None else f", n_blocks={blocks}"
        return f"Recalibrator({self.method!r}{parameters}{steps})"
