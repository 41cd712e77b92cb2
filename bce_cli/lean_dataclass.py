"""Dataclasses that share their methods, so that a command starts sooner.

For each class, `dataclasses` writes the source of six methods and compiles it: a millisecond, at
every start, for methods of which most are never called. Here it only finds the fields; the methods
stand below, once for all classes, but for the one that makes an object, where many are made. To
type checkers, and to `dataclasses.fields`, `replace` and `asdict`, nothing is different.
"""

from __future__ import annotations

from collections import deque
from dataclasses import MISSING, FrozenInstanceError, field, fields, make_dataclass
from dataclasses import dataclass as _dataclass
from inspect import Parameter, Signature
from itertools import repeat
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

__all__ = ["dataclass", "side_by_side"]

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from dataclasses import dataclass
else:

    def dataclass(
        *, frozen: bool = False, slots: bool = False, eq: bool = True
    ) -> Callable[[type[Any]], type[Any]]:
        """Return what makes a class a dataclass, as that of the standard library does.

        Parameters
        ----------
        frozen : bool, default False
            Whether fields cannot be assigned to.
        slots : bool, default False
            Whether instances have room for their fields alone.
        eq : bool, default True
            Whether instances are compared by their fields, and hashed where they are frozen.

        Examples
        --------
        >>> from dataclasses import field, replace
        >>> @dataclass(frozen=True, slots=True)
        ... class Interval:
        ...     low: float
        ...     high: float = 1.0
        ...     notes: list[str] = field(default_factory=list, compare=False, repr=False)
        >>> half = Interval(0.5)
        >>> half, half == Interval(0.5, notes=["open"]), replace(half, high=0.75).high
        (Interval(low=0.5, high=1.0), True, 0.75)
        >>> half.low = 0.0
        Traceback (most recent call last):
        ...
        dataclasses.FrozenInstanceError: cannot assign to field 'low'
        """
        shared = dict(_METHODS)
        if frozen:
            shared |= _FROZEN | (_SLOTTED if slots else {})
        if eq:
            shared |= {"__eq__": _eq, "__hash__": _hash if frozen else None}

        def made(cls: type[Any]) -> type[Any]:
            own = cls.__dict__
            for name, method in shared.items():
                # Python sets the hash of a class with an `__eq__` of its own to None.
                if name not in own or (name == "__hash__" and own[name] is None):
                    setattr(cls, name, method)
            return _dataclass(init=False, repr=False, eq=False, slots=slots)(cls)

        return made


def side_by_side(cls: type[T], n: int, columns: Mapping[str, Sequence[Any]]) -> list[T]:
    """Make n instances of a dataclass with slots, field by field, which takes a third of the time.

    Parameters
    ----------
    cls : type
        Without a `__post_init__`.
    n : int
    columns : mapping of str to sequence
        The values of a field in all instances; a field without gets its default.

    Examples
    --------
    >>> @dataclass(frozen=True, slots=True)
    ... class Interval:
    ...     low: float
    ...     high: float = 1.0
    >>> side_by_side(Interval, 2, {"low": [0.25, 0.5]})
    [Interval(low=0.25, high=1.0), Interval(low=0.5, high=1.0)]
    """
    made = [*map(object.__new__, repeat(cls, n))]
    for name in cls.__match_args__:  # type: ignore[attr-defined]
        values = columns[name] if name in columns else repeat(_default(cls, name), n)
        deque(map(getattr(cls, name).__set__, made, values), maxlen=0)
    return made


MANY = 200
"""Objects of a class that are made before its `__init__` is compiled."""
_MADE: dict[type[Any], int] = {}


def _init(self: Any, /, *values: Any, **named: Any) -> None:  # noqa: ANN401 -- of any dataclass
    """Fill the fields by position and by name, and the others with their defaults."""
    cls = type(self)
    n_made = _MADE[cls] = _MADE.get(cls, 0) + 1
    if n_made == MANY and cls.__dict__.get("__init__") is _init:
        cls.__init__ = _compiled_init(cls)
    fill, names = object.__setattr__, self.__match_args__
    for name, value in zip(names, values, strict=False):
        fill(self, name, value)
    for name in names[len(values) :]:
        fill(self, name, named.pop(name) if name in named else _default(self, name))
    if named or len(values) > len(names):
        cls.__signature__.bind(*values, **dict.fromkeys(names[: len(values)], None) | named)
    post_init = getattr(self, "__post_init__", None)
    if post_init is not None:
        post_init()


def _default(self: Any, name: str) -> Any:  # noqa: ANN401 -- of any dataclass
    own = self.__dataclass_fields__[name]
    if own.default is not MISSING:
        return own.default
    if own.default_factory is MISSING:
        message = f"{type(self).__name__}() lacks the argument {name!r}"
        raise TypeError(message)
    return own.default_factory()


def _compiled_init(cls: Any) -> Any:  # noqa: ANN401 -- any dataclass
    """Return the `__init__` that the standard library writes: it takes a third of the time."""
    own = [
        (each.name, Any, field(default=each.default, default_factory=each.default_factory))
        for each in fields(cls)
    ]
    after = {"__post_init__": cls.__post_init__} if hasattr(cls, "__post_init__") else {}
    made: Any = make_dataclass(cls.__name__, own, namespace=after, frozen=True, eq=False)
    return made.__init__


def _repr(self: Any) -> str:  # noqa: ANN401 -- of any dataclass
    pairs = (f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(pairs)})"


def _set(_self: object, name: str, _value: object) -> NoReturn:
    message = f"cannot assign to field {name!r}"
    raise FrozenInstanceError(message)


def _delete(_self: object, name: str) -> NoReturn:
    message = f"cannot delete field {name!r}"
    raise FrozenInstanceError(message)


def _compared(self: Any) -> tuple[Any, ...]:  # noqa: ANN401 -- of any dataclass
    return tuple([getattr(self, field.name) for field in fields(self) if field.compare])


def _eq(self: Any, other: object) -> Any:  # noqa: ANN401 -- a bool, or NotImplemented
    return _compared(self) == _compared(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:  # noqa: ANN401 -- of any dataclass
    hashed = (f.name for f in fields(self) if (f.compare if f.hash is None else f.hash))
    return hash(tuple([getattr(self, name) for name in hashed]))


def _get_state(self: Any) -> list[Any]:  # noqa: ANN401 -- of any dataclass
    return [getattr(self, field.name) for field in fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:  # noqa: ANN401 -- of any dataclass
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)


class _LazySignature:
    """What `help` and `inspect.signature` show, made when they ask."""

    def __get__(self, _instance: object, cls: Any) -> Signature:  # noqa: ANN401 -- any dataclass
        kind = Parameter.POSITIONAL_OR_KEYWORD
        return Signature(
            [
                Parameter(field.name, kind, default=_shown(field), annotation=field.type)
                for field in fields(cls)
            ]
        )


def _shown(field: Any) -> Any:  # noqa: ANN401 -- any default
    if field.default_factory is not MISSING:
        return field.default_factory
    return Parameter.empty if field.default is MISSING else field.default


_METHODS = {"__init__": _init, "__repr__": _repr, "__signature__": _LazySignature()}
_FROZEN = {"__setattr__": _set, "__delattr__": _delete}
_SLOTTED = {"__getstate__": _get_state, "__setstate__": _set_state}
