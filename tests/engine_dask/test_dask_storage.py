"""Workers read from an object store by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine_dask.clusters import running_cluster
from tests.storage.conftest import _credentials, _endpoint, s3  # noqa: F401 -- fixtures

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine_dask.conftest import Outcome
    from tests.storage.object_store import ObjectStore


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_parts_in_an_object_store_are_read_by_the_workers(
    s3: ObjectStore,  # noqa: F811
    sources: dict[str, tuple[str, ...]],
    told: Callable[..., Outcome],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    for number, name in enumerate(sources["mixed"]):
        s3.put(f"preds/{number} {name}", Path(name).read_bytes())
    call = ("compute", "s3://bucket/preds/", "-l", "y", "-p", "p", "--worst", "9", "-f", "json")
    local = told(*call)
    assert local[0] == 0
    with running_cluster(tmp_path_factory.mktemp("readers"), 2) as cluster:
        found = told(*call, "--engine", "dask", "--scheduler", cluster.address)
        assert found == local
        s3.put("preds/9 bad.csv", b"y,p\n1,0.5\n0,7\n")
        bad = told(*call, "--engine", "dask", "--scheduler", cluster.address)
    assert bad == told(*call)
    assert bad[0] == 65
