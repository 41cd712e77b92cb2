"""Judge probabilistic binary predictions by their exact binary cross-entropy.

The questions of the command line are functions with the same words, of frames, arrays and files:

>>> import bce_cli as bce
>>> result = bce.compute([1, 0], [0.9, 0.2])
>>> round(result.mean_loss, 12), result.n
(0.164252033486, 2)

One number alone, and the loss of each row:

>>> round(bce.mean_binary_cross_entropy([1, 0], [0.9, 0.2]), 12)
0.164252033486
>>> bce.binary_cross_entropy([1, 0], [0.9, 0.2]).round(4).tolist()
[0.1054, 0.2231]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bce_cli.version import __version__ as __version__

if TYPE_CHECKING:
    from bce_cli.api import (
        calibration,
        check,
        compare,
        compute,
        losses,
        recalibrate,
        report,
    )
    from bce_cli.core.calibration.plan import CalibrationPlan
    from bce_cli.core.calibration.report import CalibrationReport, calibration_report
    from bce_cli.core.convention_totals import ConventionReport, convention_reports
    from bce_cli.core.conventions import Convention
    from bce_cli.core.exact_sum import ExactSum
    from bce_cli.core.likelihood import LikelihoodProduct, likelihood_product
    from bce_cli.core.mean_loss import binary_cross_entropy, mean_binary_cross_entropy
    from bce_cli.core.report import LossReport, loss_report
    from bce_cli.core.totals import LossTotals, loss_totals
    from bce_cli.errors import (
        ArgumentError,
        BceError,
        DataError,
        DoubtWarning,
        EmptyInputError,
        EngineError,
        InputError,
        LabelError,
        MissingInputError,
        OutputCreationError,
        OutputError,
        ProbabilityError,
        ShortageError,
        UsageError,
        WeightError,
    )
    from bce_cli.figures import Figures
    from bce_cli.recalibrator import Recalibrator
    from bce_cli.results import (
        CalibrationResult,
        CalibrationsResult,
        CheckResult,
        CompareResult,
        ComputeResult,
        RecalibrateResult,
        ReportResult,
        Result,
        load,
    )

_HOMES = {
    "ArgumentError": "bce_cli.errors",
    "BceError": "bce_cli.errors",
    "CalibrationPlan": "bce_cli.core.calibration.plan",
    "CalibrationReport": "bce_cli.core.calibration.report",
    "CalibrationResult": "bce_cli.results",
    "CalibrationsResult": "bce_cli.results",
    "CheckResult": "bce_cli.results",
    "CompareResult": "bce_cli.results",
    "ComputeResult": "bce_cli.results",
    "Convention": "bce_cli.core.conventions",
    "ConventionReport": "bce_cli.core.convention_totals",
    "DataError": "bce_cli.errors",
    "DoubtWarning": "bce_cli.errors",
    "EmptyInputError": "bce_cli.errors",
    "EngineError": "bce_cli.errors",
    "ExactSum": "bce_cli.core.exact_sum",
    "Figures": "bce_cli.figures",
    "InputError": "bce_cli.errors",
    "LabelError": "bce_cli.errors",
    "LikelihoodProduct": "bce_cli.core.likelihood",
    "LossReport": "bce_cli.core.report",
    "LossTotals": "bce_cli.core.totals",
    "MissingInputError": "bce_cli.errors",
    "OutputCreationError": "bce_cli.errors",
    "OutputError": "bce_cli.errors",
    "ProbabilityError": "bce_cli.errors",
    "RecalibrateResult": "bce_cli.results",
    "Recalibrator": "bce_cli.recalibrator",
    "ReportResult": "bce_cli.results",
    "Result": "bce_cli.results",
    "ShortageError": "bce_cli.errors",
    "UsageError": "bce_cli.errors",
    "WeightError": "bce_cli.errors",
    "binary_cross_entropy": "bce_cli.core.mean_loss",
    "calibration": "bce_cli.api",
    "calibration_report": "bce_cli.core.calibration.report",
    "check": "bce_cli.api",
    "compare": "bce_cli.api",
    "compute": "bce_cli.api",
    "convention_reports": "bce_cli.core.convention_totals",
    "likelihood_product": "bce_cli.core.likelihood",
    "load": "bce_cli.results",
    "loss_report": "bce_cli.core.report",
    "loss_totals": "bce_cli.core.totals",
    "losses": "bce_cli.api",
    "mean_binary_cross_entropy": "bce_cli.core.mean_loss",
    "recalibrate": "bce_cli.api",
    "report": "bce_cli.api",
}

__all__ = [  # noqa: RUF022 -- questions first, errors last
    "compute",
    "compare",
    "calibration",
    "recalibrate",
    "check",
    "report",
    "losses",
    "load",
    "Result",
    "ComputeResult",
    "CompareResult",
    "CalibrationResult",
    "CalibrationsResult",
    "RecalibrateResult",
    "Recalibrator",
    "CheckResult",
    "ReportResult",
    "Figures",
    "binary_cross_entropy",
    "mean_binary_cross_entropy",
    "likelihood_product",
    "loss_totals",
    "loss_report",
    "convention_reports",
    "calibration_report",
    "CalibrationPlan",
    "CalibrationReport",
    "Convention",
    "ConventionReport",
    "ExactSum",
    "LikelihoodProduct",
    "LossReport",
    "LossTotals",
    "BceError",
    "UsageError",
    "ArgumentError",
    "DataError",
    "EmptyInputError",
    "LabelError",
    "ProbabilityError",
    "WeightError",
    "InputError",
    "MissingInputError",
    "OutputError",
    "OutputCreationError",
    "EngineError",
    "ShortageError",
    "DoubtWarning",
]

_LOG_LOSS = {"log_loss", "logloss", "bce", "bce_loss", "BCELoss"}
"""What others call the mean of the losses."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 -- any public name
    """Import a public name when it is first used, so that ``bce --help`` need not load NumPy."""
    if name not in _HOMES:
        from bce_cli.errors import did_you_mean  # noqa: PLC0415 -- `import bce_cli` needs nothing

        wanted = "mean_binary_cross_entropy" if name in _LOG_LOSS else name
        also = "" if name.startswith("_") else did_you_mean(wanted, __all__)
        message = f"module {__name__!r} has no attribute {name!r}{also}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
