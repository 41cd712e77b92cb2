"""Dataclasses that share their methods: each behaves as its twin of the standard library."""

import inspect
import pickle
from copy import deepcopy
from dataclasses import FrozenInstanceError, asdict, field, fields, replace
from dataclasses import dataclass as standard
from functools import partial
from itertools import product
from typing import Any, ClassVar

import pytest

from bce_cli import lean_dataclass
from bce_cli.lean_dataclass import dataclass, side_by_side


def _interval(decorate: Any) -> Any:  # noqa: ANN401 -- a decorator, and the class it makes
    @decorate
    class Interval:
        low: float
        high: float = 1.0
        notes: list[str] = field(default_factory=list, compare=False, repr=False)
        unit: str = field(default="nats", hash=False)
        LIMITS: ClassVar[tuple[int, int]] = (0, 1)

        def __post_init__(self) -> None:
            if self.low > self.high:
                message = "low is above high"
                raise ValueError(message)

    return Interval


KINDS = [
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "eq": False},
    {"frozen": True},
    {"slots": True},
    {},
]


@pytest.fixture(params=product(KINDS, [0, lean_dataclass.MANY]), ids=repr)
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """The same class, lean, of few or of many objects, and as the standard library makes it."""
    options, n_made = request.param
    lean, twin = _interval(dataclass(**options)), _interval(standard(**options))
    for _ in range(n_made):
        lean(0.5)
    assert (lean.__init__.__code__.co_varnames[1] == "low") == (n_made > 0)
    return lean, twin


def outcome(act: Any) -> Any:  # noqa: ANN401 -- whatever it returns, or the type of its error
    try:
        return act()
    except Exception as error:  # noqa: BLE001 -- compared with that of the twin
        return type(error)


CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((0.5,), {}),
    ((0.5, 0.75), {"unit": "bits"}),
    ((), {"high": 0.5, "low": 0.25, "notes": ["open"]}),
    ((), {}),
    ((), {"high": 0.5}),
    ((0.5,), {"low": 0.5}),
    ((0.5,), {"width": 0.5}),
    ((0.0, 1.0, [], "nats", "more"), {}),
    ((2.0,), {}),
]


@pytest.mark.parametrize(("values", "named"), CALLS)
def test_it_is_made_and_shown_as_its_twin(
    pair: tuple[Any, Any], values: tuple[Any, ...], named: dict[str, Any]
) -> None:
    lean, twin = (outcome(partial(cls, *values, **named)) for cls in pair)
    assert (repr(lean) if not isinstance(lean, type) else lean) == (
        repr(twin) if not isinstance(twin, type) else twin
    )
    if not isinstance(lean, type):
        assert asdict(lean) == asdict(twin)
        assert repr(replace(lean, low=0.125)) == repr(replace(twin, low=0.125))


def is_same(cls: Any, change: dict[str, Any]) -> tuple[bool, bool]:  # noqa: ANN401 -- a dataclass
    """Compare an interval with one that differs, and their hashes."""
    one, other = cls(0.5), cls(**{"low": 0.5} | change)
    return one == other, hash(one) == hash(other)


@pytest.mark.parametrize("change", [{}, {"low": 0.25}, {"notes": ["open"]}, {"unit": "bits"}])
def test_it_is_compared_and_hashed_as_its_twin(
    pair: tuple[Any, Any], change: dict[str, Any]
) -> None:
    lean, twin = (outcome(partial(is_same, cls, change)) for cls in pair)
    assert lean == twin
    assert pair[0](0.5) != pair[1](0.5)


@pytest.mark.parametrize("name", ["low", "width"])
def test_it_can_be_changed_where_its_twin_can(pair: tuple[Any, Any], name: str) -> None:
    lean, twin = (outcome(partial(setattr, cls(0.5), name, 0.25)) for cls in pair)
    # Python 3.11 answers by TypeError where a frozen class with slots has no such field.
    assert lean == twin or (lean, twin) == (FrozenInstanceError, TypeError)
    lean, twin = (outcome(partial(delattr, cls(0.5), "low")) for cls in pair)
    assert lean == twin


def test_signature_and_fields_are_those_of_its_twin(pair: tuple[Any, Any]) -> None:
    lean, twin = pair
    assert [f.name for f in fields(lean)] == [f.name for f in fields(twin)]
    assert lean.__match_args__ == twin.__match_args__
    mine, theirs = inspect.signature(lean), inspect.signature(twin)
    assert list(mine.parameters) == list(theirs.parameters)
    assert mine.parameters["high"] == theirs.parameters["high"]


@dataclass(frozen=True, slots=True)
class Kept:
    low: float
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class KeptLonger(Kept):
    years: int = 3

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeptLonger)

    def __hash__(self) -> int:
        return 7


def test_it_is_pickled_and_copied() -> None:
    kept = Kept(0.5, ["open"])
    for copy in (pickle.loads(pickle.dumps(kept)), deepcopy(kept)):  # noqa: S301 -- our own
        assert copy == kept
        assert copy.notes is not kept.notes


def test_those_that_derive_from_it_are_made_in_their_own_way() -> None:
    class Loud(Kept):
        def __init__(self, low: float) -> None:
            super().__init__(low, ["loud"])

    made = [Loud(0.5).notes for _ in range(2 * lean_dataclass.MANY)]
    assert made == [["loud"]] * len(made)
    assert [KeptLonger(0.5, years=n).years for n in range(len(made))] == [*range(len(made))]


def test_methods_of_its_own_stay() -> None:
    longer = KeptLonger(0.5)
    assert repr(longer) == "KeptLonger(low=0.5, notes=[], years=3)"
    assert longer == KeptLonger(0.25, years=1)
    assert hash(longer) == 7


def test_own_equality_without_a_hash_gets_the_hash_of_its_fields() -> None:
    def both(decorate: Any) -> int:  # noqa: ANN401 -- a decorator
        @decorate(frozen=True, slots=True)
        class Own:  # noqa: PLW1641 -- that is what is asked
            low: float

            def __eq__(self, other: object) -> bool:
                return True

        made: Any = Own
        return hash(made(0.5))

    assert both(dataclass) == both(standard) == hash((0.5,))


def test_instances_side_by_side_are_those_made_one_by_one() -> None:
    @dataclass(frozen=True, slots=True)
    class Interval:
        low: float
        high: float = 1.0
        notes: tuple[str, ...] = field(default_factory=tuple)

    made = side_by_side(Interval, 2, {"low": [0.25, 0.5], "notes": [("open",), ()]})
    assert made == [Interval(0.25, notes=("open",)), Interval(0.5)]
    assert side_by_side(Interval, 0, {"low": []}) == []
    with pytest.raises(TypeError, match="lacks the argument 'low'"):
        side_by_side(Interval, 2, {})
