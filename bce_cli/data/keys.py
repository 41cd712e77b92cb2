"""Keys that join rows: what finds their places, and which differ in their Unicode form alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.readers.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt
    import pandas as pd


@dataclass(slots=True)
class Keys:
    """The keys of some rows.

    Attributes
    ----------
    texts : list of str
    are_great : bool
        Whether a long text may stand in many rows, and be held once.
    """

    texts: list[str] = field(default_factory=list)
    are_great: bool = False

    def add(self, keys: Sequence[str] | None) -> None:
        """Take in the keys of the rows that follow."""
        if keys is not None:
            self.are_great |= isinstance(keys, Texts) and keys.are_great
            self.texts += keys

    def index(self) -> pd.Index:
        """Return what finds their places."""
        import pandas as pd

        kind = "object" if self.are_great else "str"  # which holds a copy for each row
        return pd.Index(pd.Series(self.texts, dtype=kind))


def composed(keys: Iterable[str]) -> set[str]:
    """Return the NFC form of keys."""
    import unicodedata  # noqa: PLC0415 -- rarely needed

    return {unicodedata.normalize("NFC", key) for key in keys}


def in_other_form(keys: Iterable[str], others: Iterable[str]) -> set[str]:
    r"""Return the NFC form of keys that differ from others in nothing but their Unicode form.

    Parameters
    ----------
    keys, others : iterable of str
        No key is in both.

    Examples
    --------
    >>> len(in_other_form(["a", "\u00e9"], ["e\u0301", "b"]))
    1
    """
    keys, others = list(keys), list(others)
    if all(map(str.isascii, keys)) and all(map(str.isascii, others)):
        return set()
    return composed(keys) & composed(others)


def other_form(n: int) -> str:
    """Say that so many keys differ in nothing but their Unicode form."""
    keys = "1 key differs" if n == 1 else f"{n:,} keys differ"
    return f"{keys} from the other file's only in Unicode form (NFC, NFD)"


def hashed(keys: Iterable[str]) -> npt.NDArray[np.uint64]:
    """Return a hash of each key, ascending; the same in every process."""
    import pandas as pd

    array = np.array(list(keys), dtype=object)
    return np.sort(pd.util.hash_array(array)) if len(array) else np.zeros(0, np.uint64)
