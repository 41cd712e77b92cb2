"""Values that are what their parameters want as they are, and are not converted.

Typer loads pydantic for the first parameter that it converts, and builds a converter for each: a
fifth of the time of a small file, and no option that was left alone needs it.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperArgument, TyperOption


class PlainValues:
    """A command or a group whose parameters take plain values as they are.

    Texts, choices and what was left out become what Typer would convert them to; all other values,
    and those that it refuses, are left to it.
    """

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 -- of a class without a public name
        """Return the parameters; see the base class."""
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            if isinstance(parameter, TyperOption | TyperArgument):
                _spare_conversion(parameter)
        return parameters


class _NeedsConversion(Exception):  # noqa: N818 -- never reaches anyone
    """A value has to be converted, or refused."""


def _spare_conversion(parameter: TyperOption | TyperArgument) -> None:
    if "process_value" in parameter.__dict__:
        return
    convert = parameter.process_value

    def process_value(context: Any, value: Any) -> Any:  # noqa: ANN401 -- as in the base class
        try:
            value = _plain(parameter, value)
        except _NeedsConversion:
            return convert(context, value)
        called = parameter.callback
        return value if called is None else called(context, parameter, value)

    parameter.__dict__["process_value"] = process_value


def _plain(parameter: TyperOption | TyperArgument, value: Any) -> Any:  # noqa: ANN401
    takes_several = getattr(parameter, "multiple", False) or parameter.nargs == -1
    kind = parameter.type_descriptor
    if value is None and not parameter.required:
        return () if takes_several else None
    if takes_several and kind.annotation == list[str] and isinstance(value, list | tuple):
        if value and all(isinstance(text, str) for text in value):
            return list(value)
    elif not takes_several and isinstance(value, str):
        if kind.annotation is str:
            return value
        if kind.choices is not None and value in kind.choices:
            return kind.choices[kind.choices.index(value)]
    elif value is parameter.default and isinstance(value, int | float):
        return value
    raise _NeedsConversion
