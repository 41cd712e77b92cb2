"""A tree of merges that grows from the left, as long as there are leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Node = TypeVar("Node")

FAN_IN = 8
"""Neighbours that are merged into one."""


class MergeTree(Generic[Node]):
    """Merges nodes in their order, eight neighbours at a time, and holds only those not yet merged.

    Parameters
    ----------
    merge : callable (list of Node) -> Node

    Examples
    --------
    >>> tree = MergeTree(lambda nodes: f"({''.join(nodes)})")
    >>> for leaf in "abcdefghijk":
    ...     tree.add(leaf)
    >>> tree.root()
    '((abcdefgh)(ijk))'
    """

    def __init__(self, merge: Callable[[list[Node]], Node]) -> None:
        self._merge = merge
        self._levels: list[list[Node]] = []

    def add(self, leaf: Node) -> None:
        """Add the leaf that follows."""
        self._add(leaf, 0)

    def _add(self, node: Node, level: int) -> None:
        if level == len(self._levels):
            self._levels.append([])
        nodes = self._levels[level]
        nodes.append(node)
        if len(nodes) == FAN_IN:
            self._levels[level] = []
            self._add(self._merge(nodes), level + 1)

    def root(self) -> Node | None:
        """Merge what is left, later nodes first; None without leaves."""
        last: Node | None = None
        for nodes in self._levels:
            rest = nodes if last is None else [*nodes, last]
            if rest:
                last = rest[0] if len(rest) == 1 else self._merge(rest)
        return last
