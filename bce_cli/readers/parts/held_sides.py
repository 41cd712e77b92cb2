"""What rows are joined with, read once by each process and held until a run is over."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from bce_cli.errors import BceError, InputError, JoinInDoubt, SideUnreadable
from bce_cli.readers.data_set import DataSet
from bce_cli.readers.join import gathered
from bce_cli.readers.joined_rows import Sides
from bce_cli.readers.reading import LabelValues

if TYPE_CHECKING:
    from bce_cli.readers.grammar import InputOptions
    from bce_cli.readers.join import Gathered
    from bce_cli.storage.sources import Source

_MOST_RUNS = 2
"""Runs whose sides a process holds; one that was lost in the middle must not stay forever."""

_held: dict[str, _Slot] = {}
_over: deque[str] = deque(maxlen=100)
_lock = Lock()


@dataclass(frozen=True, slots=True)
class SidePlan:
    """One side, which can be read in any process.

    Attributes
    ----------
    sources : tuple of Source
    options : InputOptions
    """

    sources: tuple[Source, ...]
    options: InputOptions


@dataclass(frozen=True, slots=True)
class SidesPlan:
    """What rows are joined with, and how.

    Attributes
    ----------
    run : str
        Another for each run, since files may change from one to the next.
    truth : SidePlan or None
        As in `Sides`.
    rivals : tuple of SidePlan
    is_inner : bool
        Leave out rows without a partner, instead of refusing them.
    """

    run: str
    truth: SidePlan | None
    rivals: tuple[SidePlan, ...]
    is_inner: bool


@dataclass(frozen=True, slots=True)
class HeldSides(Sides):
    """Sides, and what was found out when they were read.

    Attributes
    ----------
    label_values : tuple of LabelValues
        Which labels each side has.
    notes : tuple of tuple of str
        What is worth a word of the sources of each side.
    """

    label_values: tuple[LabelValues, ...] = ()
    notes: tuple[tuple[str, ...], ...] = ()


class _Slot:
    """Where a run has its sides, once a thread has read them."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.sides: HeldSides | None = None


def held(plan: SidesPlan) -> HeldSides:
    """Return what this process holds for a run; the first thread that asks reads it.

    Parameters
    ----------
    plan : SidesPlan

    Raises
    ------
    JoinInDoubt
        It cannot be read, or the run is over.
    """
    with _lock:
        if plan.run in _over:  # a task that nobody waits for any more
            message = "the run is over"
            raise JoinInDoubt(message)
        while plan.run not in _held and len(_held) >= _MOST_RUNS:
            del _held[next(iter(_held))]
        slot = _held.setdefault(plan.run, _Slot())
    with slot.lock:  # reading takes long, and those who release must not wait for it
        if slot.sides is None:
            slot.sides = _read(plan)
        return slot.sides


def release(run: str) -> None:
    """Let go of what this process holds for a run."""
    with _lock:
        _held.pop(run, None)
        _over.append(run)


def runs_held() -> list[str]:
    """Return the runs for which this process holds anything."""
    return list(_held)


def _read(plan: SidesPlan) -> HeldSides:
    plans = plan.rivals if plan.truth is None else (plan.truth, *plan.rivals)
    gathered_sides: list[Gathered] = []
    label_values: list[LabelValues] = []
    notes: list[tuple[str, ...]] = []
    for side in plans:
        try:
            with DataSet.of_sources(side.sources, side.options) as data:
                gathered_sides.append(gathered(data))
        except (InputError, OSError) as error:
            raise SideUnreadable(str(error)) from None
        except BceError as error:
            raise JoinInDoubt(str(error)) from None
        label_values.append(LabelValues(data.labels.has_positive, data.labels.other))
        notes.append(tuple(data.notes))
    truth = None if plan.truth is None else gathered_sides.pop(0)
    return HeldSides(truth, tuple(gathered_sides), tuple(label_values), tuple(notes))
