"""What `bce compute` writes: the report, the one number, or every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from bce_cli.cli.output_options import RowOutputOptions
    from bce_cli.cli.scored_input import ScoredInput
    from bce_cli.core.conventions import Convention
    from bce_cli.core.evaluation import Result
    from bce_cli.core.report import LossReport, Unit
    from bce_cli.core.segments import SegmentReport
    from bce_cli.engine.run import Job


@dataclass(frozen=True, slots=True)
class Wish:
    """The options that shape the output."""

    inputs: ScoredInput
    out: RowOutputOptions
    unit: Unit
    n_first: int
    n_worst: int
    compared: tuple[Convention, ...]
    quiet: bool
    excel_safe: bool
    has_ids: bool
    has_segments: bool


def write_rows(job: Job, convention: Convention, wish: Wish, stream: IO[bytes]) -> None:
    """Write every row with its loss."""
    from bce_cli.engine.run import format_rows  # noqa: PLC0415

    has_weights, soft_labels = wish.inputs.weight is not None, wish.inputs.soft_labels
    if wish.out.is_parquet:
        from bce_cli.render.rows import RowTable, parquet_rows  # noqa: PLC0415

        table = RowTable(wish.unit, wish.has_ids, has_weights, soft_labels)
        with parquet_rows(stream, table.schema) as write:
            for rows in format_rows(job, convention, table.rows):
                write(rows)
        return
    from bce_cli.render.rows import RowStream  # noqa: PLC0415

    text = RowStream(
        wish.out.text_format,
        wish.unit,
        has_ids=wish.has_ids,
        has_weights=has_weights,
        soft_labels=soft_labels,
        excel_safe=wish.excel_safe,
    )
    stream.write(text.header())
    for lines in format_rows(job, convention, text.rows):
        stream.write(lines)


def write_report(
    job: Job, paths: list[str], convention: Convention, wish: Wish, stream: IO[bytes]
) -> None:
    """Write the report, or its one number."""
    from bce_cli.core.part import Plan  # noqa: PLC0415
    from bce_cli.core.report import loss_report  # noqa: PLC0415
    from bce_cli.engine.run import evaluate  # noqa: PLC0415

    has_product = not (wish.quiet or wish.compared or wish.has_segments)
    plan = Plan(
        convention,
        with_product=has_product,
        n_first=wish.n_first if wish.out.is_prose and has_product else None,
        n_worst=wish.n_worst,
        compared=wish.compared,
        n_differing=5 if wish.out.is_prose else 100,
    )
    result = evaluate(job, plan)
    report = loss_report(result.totals, wish.unit)
    if wish.quiet:
        stream.write(f"{report.mean_loss!r}\n".encode())
        return
    from bce_cli.cli.conventions import comparison  # noqa: PLC0415
    from bce_cli.cli.origin import origin_of  # noqa: PLC0415
    from bce_cli.render.compute import ComputeDocument  # noqa: PLC0415
    from bce_cli.render.write import write_document  # noqa: PLC0415

    inputs, out = wish.inputs, wish.out
    document = ComputeDocument(
        origin=origin_of(job.data, inputs, paths),
        convention=convention,
        report=report,
        result=result,
        comparison=comparison(wish.compared, result, wish.unit, logits=inputs.logits),
        excel_safe=wish.excel_safe,
        has_soft_labels=inputs.soft_labels,
        segment_columns=job.data.columns.segment_names,
        segments=_segments(result, report, wish.unit),
    )
    stream.write(out.encode(write_document(document, out.text_format, out.look)))


def _segments(result: Result, report: LossReport, unit: Unit) -> tuple[SegmentReport, ...]:
    if result.segments is None:
        return ()
    from bce_cli.core.segments import segment_reports  # noqa: PLC0415

    return segment_reports(result.segments, report, unit)
