"""A cluster finds out in one pass what one machine does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.gate.limits import Limits
from bce_cli.questions.answers import job
from bce_cli.questions.cuts import cuts_of_texts
from bce_cli.questions.inputs import Inputs
from bce_cli.questions.report import ReportPlan, report
from tests.render.reports import figures_of

if TYPE_CHECKING:
    from typing import Any

PARTED = Inputs("y", ("p", "q"), id="id", by=("site",))
CUT = replace(PARTED, predictions=("p",), by=("q",), cut=cuts_of_texts(["quantile:3"], ["q"]))
FINE = ReportPlan(calibration=CalibrationPlan(with_fine_bins=True), n_worst=2)
HELD = ReportPlan(n_worst=2, limits=Limits(min_auc=0.5, max_loss=0.4, confident=True))


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
@pytest.mark.parametrize(
    ("inputs", "plan", "form"),
    [
        (PARTED, FINE, "crlf"),
        (replace(PARTED, predictions=("p",), cluster="site"), HELD, "csv"),
        (CUT, FINE, "parquet"),
        (
            replace(PARTED, predictions=("p",), labels="pairs.csv", on=("id",), join="inner"),
            *(FINE, "csv"),
        ),
    ],
)
def test_a_cluster_answers_as_this_process_does(
    inputs: Inputs,
    plan: ReportPlan,
    form: str,
    threads: str,
    sources: dict[str, tuple[str, ...]],
) -> None:
    def asked(*engine: Any) -> dict[str, Any]:  # noqa: ANN401 -- as `job` takes it
        data = inputs.data(sources[form])
        return figures_of(report(job(data, *engine), inputs, sources[form], plan))

    local = asked(2, "local", None)
    assert len(local["log_product"].rows) > 50
    assert asked(None, "dask", threads) == local
