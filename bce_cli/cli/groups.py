"""Options that several commands share, declared once as the fields of a dataclass."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Replace each parameter that is a dataclass of options by its fields.

    Typer sees one flat list of options, and the command gets the dataclass filled in.

    Parameters
    ----------
    command : callable
        Every field of its dataclasses is an annotated option with a default.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Size:
    ...     width: int = 80
    >>> def show(text: str, size: Size) -> None:
    ...     print(text, size.width)
    >>> list(inspect.signature(with_groups(show)).parameters)
    ['text', 'width']
    >>> with_groups(show)("a", width=3)
    a 3
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name in groups:
            parameters += _parameters_of(groups[name], parameter.kind)
        else:
            parameters.append(parameter.replace(annotation=hints[name]))

    @functools.wraps(command)
    def flat(*args: Any, **options: Any) -> None:  # noqa: ANN401 -- as the command has them
        for name, group in groups.items():
            members = [field.name for field in fields(group)]
            chosen = {member: options.pop(member) for member in members if member in options}
            options[name] = group(**chosen)
        command(*args, **options)

    del flat.__dict__["__wrapped__"]
    flat.__dict__["__signature__"] = inspect.Signature(parameters)
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return flat


def _parameters_of(
    group: Any,  # noqa: ANN401 -- a dataclass
    kind: Any,  # noqa: ANN401 -- what `inspect` has no public name for
) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            kind,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]
