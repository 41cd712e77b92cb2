"""Commands that refuse an option given twice, instead of dropping all but the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand, TyperOption

from bce_cli.cli.plain_values import PlainValues

if TYPE_CHECKING:
    from collections.abc import Iterable


class OnceCommand(PlainValues, TyperCommand):
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
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        rest = super().parse_args(ctx, args)  # which ends here if help is asked for
        twice = _repeated(given)
        if twice is not None and not ctx.resilient_parsing:
            ctx.fail(f"{twice.opts[0]} was given more than once")
        return rest


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
