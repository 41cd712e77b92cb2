"""How a report came about: what was read, byte for byte, by which command and version."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from bce_cli.render.page.material import InputFile, Making
from bce_cli.storage.digests import digest_of
from bce_cli.storage.paths import without_secrets
from bce_cli.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bce_cli.data.data import Data
    from bce_cli.storage.digests import Digest
    from bce_cli.storage.sources import Source

MOST_LISTED = 50
"""Files that are told of one by one; of more, those that follow each other are told of as one."""


def making_of(
    data: Data,
    also_read: Sequence[Source] = (),
    command: str | None = None,
    stamp: str | None = None,
) -> Making:
    """Return how a report was made of some data, all of which were read.

    Files of this machine are read once more, for their digests.

    Parameters
    ----------
    data : Data
    also_read : sequence of Source, optional
        What was read beside them, such as a saved report.
    command : str, optional
        The command line, without secrets.
    stamp : str, optional
        When that was.

    Raises
    ------
    InputError
        A file has changed since it was looked at first, or is gone.
    """
    parted = [_each_once(table.sources) for table in data.tables] + [_each_once(also_read)]
    files = _each_once(source for sources in parted for source in sources)
    if len(files) <= MOST_LISTED:
        parted = [[source] for source in files]
    found = tuple(_input(sources) for sources in parted if sources)
    return Making(found, command, __version__, stamp)


def now() -> str:
    """Return the time to the second, with the offset from UTC here."""
    from datetime import datetime  # noqa: PLC0415 -- rarely needed

    return datetime.now().astimezone().isoformat(" ", "seconds")


def _each_once(sources: Iterable[Source]) -> list[Source]:
    """Return sources, of several parts of one archive only the first."""
    found: dict[str, Source] = {}
    for source in sources:
        found.setdefault(source.path, source)
    return [*found.values()]


def _input(sources: Sequence[Source]) -> InputFile:
    """Tell of a file, or of several that follow each other."""
    n, name = len(sources), _shown(sources[0])
    if n > 1:
        name += f" and {n - 1:,} more"
    digests = [digest for source in sources if (digest := digest_of(source)) is not None]
    if len(digests) < n:
        return InputFile(name, None, None, n)
    return InputFile(name, sum(digest.n_bytes for digest in digests), _one_of(digests), n)


def _shown(source: Source) -> str:
    return source.name if source.held is not None else without_secrets(source.shown or source.path)


def _one_of(digests: Sequence[Digest]) -> str:
    """Return the digest of one file; of several, that of their digests, one a line."""
    if len(digests) == 1:
        return digests[0].sha256
    lines = "".join(f"{digest.sha256}\n" for digest in digests)
    return hashlib.sha256(lines.encode(), usedforsecurity=False).hexdigest()
