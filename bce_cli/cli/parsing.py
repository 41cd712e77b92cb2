"""How a command line becomes a call: groups of options, plain values, and commands loaded late."""

from __future__ import annotations

import inspect
from importlib import import_module
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar, get_type_hints

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption

from bce_cli.cli.help import Helpful
from bce_cli.errors import UsageError, did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class OptionGroup:
    """Options that belong together, declared once for all commands that have them.

    A subclass declares each as an annotated attribute with a default, in a module without
    ``from __future__ import annotations``, so that no text has to be compiled at every start.

    Parameters
    ----------
    **chosen
        What was chosen; all else has its default.

    Attributes
    ----------
    LEFT_OUT : tuple of str
        Options of a base class that a group has not.
    """

    LEFT_OUT: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **chosen: Any) -> None:  # noqa: ANN401 -- of the types of the options
        self.__dict__.update(chosen)


def count_option(name: str, what: str, most: int | None = None, least: int = 0) -> Any:  # noqa: ANN401
    """Declare an option that says how many."""
    return typer.Option(name, metavar="N", min=least, max=most, help=what)


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Replace each parameter that is a group of options by these options.

    Typer sees one flat list of options, and the command gets the group filled in.

    Examples
    --------
    >>> class Size(OptionGroup):
    ...     width: int = 80
    >>> def show(text: str, size: Size) -> None:
    ...     print(text, size.width)
    >>> list(inspect.signature(with_groups(show)).parameters)
    ['text', 'width']
    >>> with_groups(show)("a", width=3)
    a 3
    """
    hints = get_type_hints(command, include_extras=True)
    members: dict[str, dict[str, Any]] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        kind, hint = parameter.kind, hints[name]
        if not (isinstance(hint, type) and issubclass(hint, OptionGroup)):
            parameters.append(parameter.replace(annotation=hint))
            continue
        found = get_type_hints(hint, include_extras=True)
        members[name] = {m: found[m] for m in found if m not in ("LEFT_OUT", *hint.LEFT_OUT)}
        parameters += [
            inspect.Parameter(member, kind, default=getattr(hint, member), annotation=annotation)
            for member, annotation in members[name].items()
        ]

    def flat(*args: Any, **options: Any) -> None:  # noqa: ANN401 -- as the command has them
        for name, group in members.items():
            chosen = {member: options.pop(member) for member in group if member in options}
            options[name] = hints[name](**chosen)
        command(*args, **options)

    flat.__doc__ = command.__doc__
    flat.__dict__["__signature__"] = inspect.Signature(parameters)
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return flat


_LETTER = len("--p")
_NOT_PLAIN = object()
"""Stands for a value that has to be converted, or refused."""
_IN_NUMBERS = frozenset("0123456789.eE+-")
_MOST_DIGITS = 18  # of a whole number that needs no care


class PlainValues:
    """A command or a group whose parameters take plain values as they are.

    Texts, choices, numbers and what was left out become what Typer would convert them to; all other
    values, and those that it refuses, are left to it. Typer loads pydantic for the first parameter
    that it converts, and builds a converter for each: a third of the time of a small file.
    """

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 -- of a class without a public name
        """Return the parameters; see the base class."""
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            if isinstance(parameter, TyperOption | TyperArgument):
                _spare_conversion(parameter)
        return parameters


def _spare_conversion(parameter: TyperOption | TyperArgument) -> None:
    if "process_value" in parameter.__dict__:
        return
    convert = parameter.process_value

    def process_value(context: Any, value: Any) -> Any:  # noqa: ANN401 -- as in the base class
        plain = _plain(parameter, value)
        if plain is _NOT_PLAIN:
            try:
                return convert(context, value)
            except typer.BadParameter as error:
                raise _refusal(parameter, value, error.message) from None
        called = parameter.callback
        return plain if called is None else called(context, parameter, plain)

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
        return _plain_value(parameter, value)
    elif value is parameter.default and isinstance(value, int | float):
        return value
    return _NOT_PLAIN


def _plain_value(parameter: TyperOption | TyperArgument, text: str) -> Any:  # noqa: ANN401
    kind = parameter.type_descriptor
    if kind.annotation is str:
        return text
    if kind.choices is not None:
        return kind.choices[kind.choices.index(text)] if text in kind.choices else _NOT_PLAIN
    return _plain_number(parameter, text)


def _plain_number(parameter: TyperOption | TyperArgument, text: str) -> Any:  # noqa: ANN401
    """Return the number that is written in digits, and is among those that are allowed."""
    kind = parameter.type_descriptor.annotation
    if kind is int and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        number: float = int(text)
    elif kind is float and _IN_NUMBERS.issuperset(text):  # which NaN and infinity are not
        found = number_in(text)
        if found is None or not isfinite(found):
            return _NOT_PLAIN
        number = found
    else:
        return _NOT_PLAIN
    is_below = parameter.min is not None and number < parameter.min
    is_above = parameter.max is not None and number > parameter.max
    return _NOT_PLAIN if is_below or is_above else number


def _refusal(parameter: TyperOption | TyperArgument, value: object, reason: str) -> UsageError:
    """Say in our own words why a value is none for a parameter."""
    name = max(getattr(parameter, "opts", [parameter.metavar]), key=len)
    text, kind = str(value), parameter.type_descriptor
    if kind.choices is not None:
        message = f"{name} {quoted(text)} is not known{did_you_mean(text, kind.choices)}"
        known = [c if c.isalnum() or len(c) > 1 else quoted(c) for c in kind.choices]
        return UsageError(message, f"known are {', '.join(known)}")
    number = number_in(text)
    if kind.annotation is int and (number is None or not number.is_integer()):
        return UsageError(f"{name} must be a whole number, got {quoted(text)}")
    if number is None:
        point = _as_number(text)
        hint = None if point is None else f"write it as {point}"
        return UsageError(f"{name} must be a number, got {quoted(text)}", hint)
    if parameter.min is not None and number < parameter.min:
        return UsageError(f"{name} must be at least {parameter.min}, got {text}")
    if parameter.max is not None and number > parameter.max:
        return UsageError(f"{name} must be at most {parameter.max}, got {text}")
    return UsageError(f"{name} {reason}, got {quoted(text)}")


def _as_number(text: str) -> str | None:
    """Return how a number with a comma or in percent is to be written; None if it is none."""
    point = text.replace(",", ".").strip()
    share = number_in(point.removesuffix("%"))
    if share is None or not isfinite(share):
        return None
    return f"{share / 100:.15g}" if point.endswith("%") else point


def number_in(text: str) -> float | None:
    """Return the number that a text is; None if it is none."""
    try:
        return float(text)
    except ValueError:
        return None


class OnceCommand(PlainValues, Helpful, TyperCommand):
    """A command whose options of one value may be given once; flags may be repeated.

    A limit, a file or a column that is silently overridden makes a result that looks like what was
    asked for, and is not. Options that take several values are not affected.
    """

    def parse_args(
        self,
        ctx: Any,  # noqa: ANN401 -- of a class without a public name
        args: list[str],
    ) -> list[str]:
        """Parse what was given; see the base class."""
        if not ctx.resilient_parsing:
            self._refuse_one_dash(args)
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        rest = super().parse_args(ctx, args)  # which ends here if help is asked for
        twice = _repeated(given)
        if twice is not None and not ctx.resilient_parsing:
            hint = f"try '{ctx.command_path} --help'"
            if twice.name == "prediction" and self.name != "demo":
                hint = "for several models: bce compare SOURCE -p old -p new"
            message = f"{twice.opts[0]} was given more than once"
            raise UsageError(message, hint)
        return rest

    def _refuse_one_dash(self, args: Sequence[str]) -> None:
        """Refuse -format, which would be -f with the value ormat; not behind an option, or --."""
        names = {name for option in self.params for name in option.opts if len(name) > _LETTER}
        before = ""
        for arg in args:
            if arg == "--":
                return
            name = f"-{arg.partition('=')[0]}"
            if name in names and arg.startswith("-") and not before.startswith("-"):
                message = f"there is no option {quoted(name[1:])}; did you mean {quoted(name)}?"
                raise UsageError(message, "short options are one letter behind one dash")
            before = arg


def _repeated(given: Iterable[object]) -> TyperOption | None:
    """Return the first option of one value that occurs twice."""
    seen: set[str | None] = set()
    for option in given:
        if not isinstance(option, TyperOption) or option.is_flag or option.multiple:
            continue
        if option.name in seen:
            return option
        seen.add(option.name)
    return None


class DeferredCommand(TyperCommand):
    """What is listed in the place of a command until that is called.

    So a run pays for its own options alone.

    Parameters
    ----------
    name : str
        Of the command, of its function and, in ``bce_cli.cli``, of the module of that.
    question : str
        What it answers: the first line of its help.
    """

    name: str

    def __init__(self, name: str, question: str) -> None:
        super().__init__(name, help=question)

    def load(self) -> OnceCommand:
        """Import the command and build its parameters.

        Its module has `EXAMPLES`, and may have an `EPILOG`.
        """
        module = import_module(f"bce_cli.cli.{self.name}")
        alone = typer.Typer(rich_markup_mode=None, add_completion=False)
        register = alone.command(self.name, cls=OnceCommand, epilog=getattr(module, "EPILOG", None))
        register(with_groups(getattr(module, self.name)))
        command = typer.main.get_command(alone)
        assert isinstance(command, OnceCommand)  # noqa: S101 -- as registered
        command.examples = module.EXAMPLES
        return command

    def option_names(self) -> set[str]:
        """Return the options of the command."""
        return {name for option in self.load().params for name in option.opts}

    def make_context(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 -- as in the base class
        """Return the context of the command itself; its call and its completion begin here."""
        return self.load().make_context(*args, **extra)
