"""What questions say of arguments that cannot be used: which, and what is allowed."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import bce_cli as bce

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], object]

Y, P, Q = [1, 0, 1, 0], [0.9, 0.2, 0.6, 0.4], [0.8, 0.3, 0.7, 0.1]
TABLE: Any = {"y": Y, "p": P, "q": Q}
ODD: Any = 2.5
SEVERAL = "such as predictions={'old': a, 'new': b}"
TWO_ARGUMENTS = "labels and predictions as arrays are two arguments: (labels, predictions)"


class Lazy:
    def collect(self) -> None: ...


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        (
            lambda: bce.calibration(TABLE, bins=0),
            "bins must be at least 1, got 0",
            None,
        ),
        (
            lambda: bce.calibration(TABLE, bootstrap=-1),
            "bootstrap must be at least 0, got -1",
            None,
        ),
        (
            lambda: bce.calibration(TABLE, fine_bins=True, bootstrap=9),
            "bootstrap draws samples of the rows, and fine_bins does not hold them",
            None,
        ),
        (
            lambda: bce.check(TABLE, max_ece=0.1, bins=0),
            "bins must be at least 1, got 0",
            None,
        ),
        (lambda: bce.check(TABLE, bins=3), "bins goes with max_ece", None),
        (
            lambda: bce.check(TABLE, budget=3),
            "budget goes with against, against_column or baseline",
            None,
        ),
        (
            lambda: bce.check(TABLE, baseline=ODD),
            "baseline must be a result, its dict or a path, got 2.5",
            None,
        ),
        (
            lambda: bce.check(TABLE, max_loss="a"),  # type: ignore[call-overload]
            "max_loss must be a finite number, got 'a'",
            None,
        ),
        (
            lambda: bce.compute(TABLE, workers=ODD),
            "workers must be a whole number, got 2.5",
            None,
        ),
        (
            lambda: bce.compute(TABLE, missing="keep"),  # type: ignore[call-overload]
            "missing 'keep' is not known",
            "known are error, drop",
        ),
        (
            lambda: bce.compute(TABLE, engine="spark"),  # type: ignore[call-overload]
            "engine 'spark' is not known",
            "known are local, dask",
        ),
        (lambda: bce.compute(TABLE, name=ODD), "name must be a str, got 2.5", None),
        (lambda: bce.compute(TABLE, logits=ODD), "logits must be a bool, got 2.5", None),
        (
            lambda: bce.compute(ODD),
            "data is neither a table nor a path, but 'float'",
            TWO_ARGUMENTS,
        ),
        (
            lambda: bce.compute(Y),  # type: ignore[arg-type]
            "data is neither a table nor a path, but 'list'",
            TWO_ARGUMENTS,
        ),
        (
            lambda: bce.compute(Lazy()),  # type: ignore[call-overload]
            "data is neither a table nor a path, but 'Lazy'",
            ".collect() gives the data that it stands for",
        ),
        (
            lambda: bce.compute(Y, P, by="site"),  # type: ignore[call-overload]
            "by names a column, 'site', and these are arrays",
            "pass the values: by=table['site']",
        ),
        (
            lambda: bce.compute(TABLE, "p", weight=Y),  # type: ignore[call-overload]
            "weight must be the name of a column of the table, got 'list'",
            "put the values into the table, or pass arrays alone",
        ),
        (
            lambda: bce.compare(Y, P),  # type: ignore[arg-type]
            "predictions must be those of several models, got one list",
            SEVERAL,
        ),
        (lambda: bce.compare(Y, {"old": P}), "there is one model only", SEVERAL),
        (
            lambda: bce.compare(TABLE, "p"),
            "predictions is one name, 'p', and compare takes several",
            "such as predictions=['old', 'new']",
        ),
        (
            lambda: bce.compare({"old": "old.csv", "new": "new.csv"}),
            "data has paths by name, and files are called by their paths",
            "give them as a list",
        ),
        (
            lambda: bce.compare(TABLE, ["p", "q"], confidence=95),
            "confidence must lie between 0 and 1, got 95",
            "such as 0.95 or 0.99",
        ),
        (
            lambda: bce.losses(TABLE, like="all"),
            "like='all' is a table of its own, which compute has",
            None,
        ),
    ],
)
def test_an_argument_that_cannot_be_used_is_named(
    call: Call, message: str, hint: str | None
) -> None:
    with pytest.raises(bce.ArgumentError) as caught:
        call()
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert str(caught.value) == (message if hint is None else f"{message}\n{hint}")


@pytest.mark.filterwarnings("ignore::bce_cli.errors.DoubtWarning")
def test_a_thread_is_started_for_many_rows_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Thread) -> None:
        raise RuntimeError

    monkeypatch.setattr(Thread, "start", refuse)
    few = [1, 0] * 10, [0.9, 0.2] * 10
    assert bce.compute(*few).n == bce.compute({"y": few[0], "p": few[1]}).n == 20
    assert bce.compare(few[0], {"a": few[1], "b": few[1]}).n == 20
    with pytest.raises(RuntimeError):
        bce.compute(np.ones(131_073), np.ones(131_073))
