"""The pictures of each answer; a stand-in until they are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.core.distribution import LossBin
    from bce_cli.core.likelihood import LikelihoodProduct, LogProduct
    from bce_cli.render.check import CheckDocument
    from bce_cli.render.compare import CompareDocument
    from bce_cli.render.compute import ComputeDocument
    from bce_cli.render.page.picture import Picture
    from bce_cli.render.recalibrate import RecalibrateDocument


def reliability(_named_reports: Sequence[tuple[str, CalibrationReport]]) -> Picture | None:
    """Show what happened over what was predicted."""
    return None


def models(_compare: CompareDocument) -> Picture | None:
    """Show the loss of each model, and how it differs from the first."""
    return None


def segments(_compute: ComputeDocument) -> Picture | None:
    """Show the loss of each segment."""
    return None


def log_product(_log_product: LogProduct, _products: Sequence[LikelihoodProduct]) -> Picture | None:
    """Show how the product falls below what float types can hold."""
    return None


def losses(_bins: Sequence[LossBin]) -> Picture | None:
    """Show how losses are distributed."""
    return None


def maps(_recalibrate: RecalibrateDocument) -> Picture | None:
    """Show what each map makes of predictions."""
    return None


def checks(_check: CheckDocument) -> Picture | None:
    """Show how far each value is from its limit."""
    return None
