"""Pictures of results: where things stand, what is said of them, and that nothing else happens."""

from __future__ import annotations

import builtins
import io
import json
import math
import re
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bce_cli.errors import ArgumentError, DataError, UsageError
from bce_cli.render.dots import MOST_ROWS, names_that_differ
from bce_cli.render.plots import (
    plot_calibration,
    plot_calibrations,
    plot_check,
    plot_compare,
    plot_compute,
    plot_recalibrate,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.axes import Axes
    from matplotlib.container import ErrorbarContainer
    from matplotlib.figure import Figure

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = [
    "\x1b[31mred",
    "$x^2$",
    "$",
    "_under",
    "a\nb",
    "\u202egnp",
    "漢字",
    "",
    "W" * 90,
    "\\$x$",
]


def golden(name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return record


def figure(width: float = 9.0, height: float = 7.0, **options: Any) -> Figure:  # noqa: ANN401
    from matplotlib.figure import Figure

    return Figure((width, height), **options)


def axes(width: float = 9.0, height: float = 7.0) -> Axes:
    return figure(width, height).add_subplot()


def labels(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def title(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ")


def legend(ax: Axes) -> list[str]:
    found = ax.get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def points(ax: Axes, meaning: str) -> list[tuple[float, float]]:
    """Return the places of all points of a kind, which may be a group of some artists."""
    handles = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
    drawn: Any = handles[meaning]
    line = drawn.lines[0] if hasattr(drawn, "lines") else drawn
    return [*zip(line.get_xdata(), line.get_ydata(), strict=True)]


def intervals(ax: Axes, meaning: str) -> list[tuple[float, float]]:
    handles = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
    group: ErrorbarContainer = handles[meaning]
    (bars,) = group.lines[2]
    return [(float(low), float(high)) for (low, _), (high, _) in bars.get_segments()]


def segment(name: str, mean: float | None, **others: Any) -> dict[str, Any]:  # noqa: ANN401
    figures = {"ci_low": None, "ci_high": None, "base_rate_loss": 0.5, "n_impossible": 0}
    figures |= {"share_of_total": 0.25, "is_small": False, "finite_mean_loss": mean}
    return {"segment": {"g": name}, "mean_loss": mean, **figures, **others}


def by_segment(*segments: dict[str, Any], **others: Any) -> dict[str, Any]:  # noqa: ANN401
    return golden("plain") | {"segments": list(segments)} | others


@pytest.fixture
def pyplot() -> Iterator[Any]:
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt  # opens figures for all

    plt.close("all")  # what other tests left open
    yield plt
    plt.close("all")


@pytest.mark.deep
def test_a_mean_loss_stands_above_that_of_the_base_rate() -> None:
    record = golden("plain")
    ax = plot_compute(record, axes())
    assert title(ax) == (
        "Mean loss 0.3144 nats a row [0.08358, 0.5453]: cannot be told from the base rate's 0.6616"
    )
    assert labels(ax) == ["prediction", "always 62.5 %"]
    assert points(ax, "mean loss, 95 % interval") == [(record["mean_loss"], 0)]
    ends = intervals(ax, "mean loss, 95 % interval")
    assert ends == [pytest.approx((record["ci_low"], record["ci_high"]), rel=1e-14)]
    assert points(ax, "loss of the base rate") == [(record["base_rate_loss"], 1)]
    assert ax.get_xlabel() == "loss, nats a row"
    low, high = ax.get_ylim()
    assert low > high  # the first row is on top


@pytest.mark.parametrize(
    ("n", "mean", "said"),
    [(300, 0.6, "better than"), (300, 0.7, "worse than"), (29, 0.6, "cannot")],
)
def test_a_title_says_what_the_interval_says(n: int, mean: float, said: str) -> None:
    interval = {"ci_low": mean - 0.01, "ci_high": mean + 0.01}
    record = golden("plain") | {"n": n, "mean_loss": mean, "base_rate_loss": 0.65} | interval
    assert said in title(plot_compute(record, axes()))


def test_an_infinite_mean_is_an_arrow_and_the_other_rows_have_theirs() -> None:
    infinite = {"mean_loss": None, "ci_low": None, "ci_high": None, "n_impossible": 2}
    record = golden("plain") | infinite | {"finite_mean_loss": 0.25}
    ax = plot_compute(record, axes())
    assert title(ax) == "Infinite mean loss: 2 of 8 rows were certain and wrong"
    assert [text.get_text() for text in ax.texts] == ["infinite"]
    assert points(ax, "mean loss, 95 % interval") == []
    assert points(ax, "mean of the rows of finite loss") == [(0.25, 0)]
    from_document = plot_compute(record | {"mean_loss": math.inf}, axes())
    assert title(from_document) == title(ax)
    assert from_document.get_xlim() == ax.get_xlim()
    assert ax.get_xlim()[1] > record["base_rate_loss"] + 0.5 * (record["base_rate_loss"] - 0.25)


def test_segments_stand_in_the_order_of_what_they_cost() -> None:
    few = segment("few", 0.3, is_small=True, share_of_total=0.2)
    costly = segment("costly", 0.7, ci_low=0.6, ci_high=0.8, share_of_total=0.8)
    weightless = segment("none", None, base_rate_loss=None, share_of_total=0.0)
    ax = plot_compute(by_segment(costly, few, weightless, mean_loss=0.6), axes())
    assert title(ax) == "No segment stands out from the mean of all rows, 0.6 nats a row"
    assert labels(ax) == ["costly (80.0 %)", "few (20.0 %)", "none (0.0 %)"]
    assert ax.get_ylabel() == "g (share of the loss)"
    assert points(ax, "mean loss, 95 % interval") == [(0.7, 0)]
    assert points(ax, "that of fewer than 30 rows") == [(0.3, 1)]
    assert points(ax, "loss of the base rate") == [(0.5, 0), (0.5, 1)]
    assert points(ax, "all rows: 0.6") == [(0.6, 0), (0.6, 1)]
    assert [text.get_text() for text in ax.texts] == ["no row of any weight"]


def test_a_title_names_the_segment_that_stands_out_and_not_the_largest() -> None:
    large = segment("large", 0.5, ci_low=0.4, ci_high=0.55, share_of_total=0.8)
    dear = segment("dear", 0.9, ci_low=0.7, ci_high=1.1, share_of_total=0.1)
    dearer = segment("dearer", 1.0, ci_low=0.8, ci_high=1.2, share_of_total=0.1)
    open_to_doubt = segment("noisy", 2.0, ci_low=0.1, ci_high=3.9)
    few = segment("few", 2.0, ci_low=1.9, ci_high=2.1, is_small=True)
    found = [large, dear, open_to_doubt, few]
    ax = plot_compute(by_segment(*found, mean_loss=0.6), axes())
    assert title(ax) == "dear stands out: 0.9 nats a row [0.7, 1.1], all rows 0.6"
    ax = plot_compute(by_segment(*found, dearer, mean_loss=0.6), axes())
    assert title(ax) == "dearer stands out most: 1 nats a row [0.8, 1.2], all rows 0.6"
    ax = plot_compute(by_segment(large, few, mean_loss=0.6), axes())
    assert title(ax) == "No segment stands out from the mean of all rows, 0.6 nats a row"


def test_the_segment_that_stands_out_is_drawn_wherever_it_is() -> None:
    others = [segment(f"s{i}", 0.5, share_of_total=0.02) for i in range(40)]
    dear = segment("dear", 0.9, ci_low=0.7, ci_high=1.1, share_of_total=0.1)
    ax = plot_compute(by_segment(*others, dear, mean_loss=0.6), axes(12.0))
    assert labels(ax)[MOST_ROWS - 2 :] == ["s18 (2.0 %)", "dear (10.0 %)", "21 more (42.0 %)"]
    assert points(ax, "mean loss, 95 % interval")[-1] == (0.9, MOST_ROWS - 1)
    low = plot_compute(by_segment(*others, dear, mean_loss=0.6), axes(12.0, 2.0))
    assert labels(low)[-3:] == ["s1 (2.0 %)", "dear (10.0 %)", "38 more (76.0 %)"]


def test_segments_of_infinite_loss_have_no_shares() -> None:
    worst = segment("a", None, n_impossible=1, finite_mean_loss=0.25, share_of_total=None)
    others = segment("b", 0.5, share_of_total=None)
    ax = plot_compute(by_segment(worst, others, mean_loss=None), axes())
    assert title(ax) == "a costs most: an infinite loss"
    assert labels(ax) == ["a", "b"]
    assert ax.get_ylabel() == "g"
    assert legend(ax) == [
        "mean loss, 95 % interval",
        "mean of the rows of finite loss",
        "loss of the base rate",
    ]


def test_of_many_segments_the_costliest_are_drawn_and_the_others_told_of() -> None:
    segments = [segment(f"s{i}", 0.5, share_of_total=1e-4) for i in range(10_000)]
    ax = plot_compute(by_segment(*segments), axes(12.0))
    assert len(labels(ax)) == MOST_ROWS + 1
    assert labels(ax)[MOST_ROWS - 1 :] == ["s19 (0.0 %)", "9,980 more (99.8 %)"]
    assert ax.get_ylim() == (MOST_ROWS + 0.6, -0.6)
    low = plot_compute(by_segment(*segments), axes(12.0, 2.0))
    n = len(labels(low)) - 1
    assert 1 < n < MOST_ROWS
    assert labels(low)[n] == f"{10_000 - n:,} more ({100.0 - n / 100.0:.1f} %)"


def test_conventions_stand_at_their_means(
    bce: Callable[..., Any], preds: Callable[..., str]
) -> None:
    path = preds("y,p\n1,0\n0,0.25\n1,0.75\n0,0.5\n")
    record = json.loads(bce("compute", path, "--like", "all", "-f", "json").stdout)
    ax = plot_compute(record, axes())
    means = {item["name"]: item["mean_loss"] for item in record["conventions"]}
    assert labels(ax)[:2] == ["exact: infinite", f"sklearn: {means['sklearn']:.6g}"]
    finite = [(mean, i) for i, mean in enumerate(means.values()) if mean is not None]
    assert points(ax, "mean loss") == finite
    assert [text.get_text() for text in ax.texts] == ["infinite"] * (len(means) - len(finite))
    values = sorted(mean for mean, _ in finite)
    ends = f"{values[0]:.4g} to {values[-1]:.4g}"
    assert title(ax) == f"The exact mean is infinite; others: {ends} nats a row"
    soft = record["conventions"][1] | {"mean_loss": None, "n_clipped": None}
    ax = plot_compute(record | {"conventions": [soft]}, axes())
    assert [text.get_text() for text in ax.texts] == ["takes labels 0 and 1 alone"]
    assert ax.get_legend() is None


def test_rows_that_cost_most_say_what_they_are() -> None:
    ax = plot_compute(golden("hostile"), axes())
    assert title(ax) == "The 3 costliest rows of 6: an infinite loss"
    assert labels(ax)[0] == "row 2, :smile:\nlabel 0, prediction 1"
    assert labels(plot_compute(golden("hostile"), axes(height=1.5)))[0] == "row 2, :smile:"
    shares = plot_compute(golden("like"), axes())
    assert labels(shares)[0] == "row 1 (42.4 %)\nlabel 1, prediction 0"


TOLD = {
    "compare-two": (["new: better"], "new: 0.4005 nats a row better than old [0.3354, 0.4657]"),
    "compare-three": (
        ["new: better (best)", "other: cannot be told"],
        "2 models beside old: 1 better, 1 cannot be told",
    ),
    "compare-same": (["new: the same"], "new and old cost the same"),
    "compare-ids": (
        ["new: cannot be told"],
        "new: no difference from old can be told, 0.2692 [-0.09228, 0.6306] nats a row",
    ),
    "compare-infinite": (
        ["new: worse\nits loss is infinite", "other: cannot be told (may be best)"],
        "2 models beside old (best): 1 worse, 1 cannot be told",
    ),
    "compare-infinite-baseline": (
        ["new: better\nthe baseline's loss is infinite"],
        "new: infinitely better than old",
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_a_comparison_says_in_words_what_is_better(name: str) -> None:
    ax = plot_compare(golden(name), axes())
    assert (labels(ax), title(ax)) == TOLD[name]


def test_differences_stand_beside_0_with_their_intervals() -> None:
    record = golden("compare-two")
    (item,) = record["comparisons"]
    ax = plot_compare(record, axes())
    assert points(ax, "better") == [(item["difference"], 0)]
    ends = pytest.approx((item["ci_low"], item["ci_high"]), rel=1e-14)
    assert intervals(ax, "better") == [ends]
    assert points(ax, "no difference") == [(0.0, 0), (0.0, 1)]
    assert ax.get_xlim()[0] < item["ci_low"]
    assert ax.get_xlim()[1] > 0.0
    assert ax.get_xlabel() == "mean loss minus that of old, nats a row (95 % intervals)"


def test_maps_stand_beside_0_with_their_intervals() -> None:
    record = golden("recalibrate-all")
    ax = plot_recalibrate(record, axes())
    assert title(ax) == (
        "isotonic: 0.1696 nats a row better than predictions as they are [0.1147, 0.2245]"
    )
    assert labels(ax) == [
        "offset: better",
        "temperature: cannot be told",
        "logistic: better",
        "platt: better",
        "beta: better",
        "isotonic (recommended): better",
        "centred: better",
    ]
    methods = record["methods"]
    assert points(ax, "cannot be told") == [(methods[2]["difference"], 1)]
    assert intervals(ax, "cannot be told") == [
        pytest.approx((methods[2]["ci_low"], methods[2]["ci_high"]), rel=1e-14)
    ]
    assert [y for _, y in points(ax, "better")] == [0, 2, 3, 4, 5, 6]


def test_a_map_that_does_harm_or_was_not_judged_is_said_to() -> None:
    record = golden("recalibrate-none")
    record["methods"][1] |= {"difference": 0.5, "ci_low": 0.25, "ci_high": 0.75}
    record["methods"][3] |= {"cross_fitted_loss": None, "difference": None}
    ax = plot_recalibrate(record, axes())
    assert title(ax) == "Leave predictions as they are"
    assert labels(ax)[:3] == ["offset: worse", "temperature: cannot be told", "logistic"]
    assert "not judged" in {text.get_text() for text in ax.texts}
    alone = plot_recalibrate(record | {"methods": record["methods"][:1]}, axes())
    assert labels(alone) == ["as-is"]


def test_a_map_is_infinitely_better_than_what_costs_infinity() -> None:
    record = golden("recalibrate-infinite")
    ax = plot_recalibrate(record, axes())
    assert title(ax) == f"{record['recommended']}: infinitely better than predictions as they are"
    assert all(label.endswith("better") for label in labels(ax))


def test_the_recommended_map_and_a_broken_limit_are_drawn_in_little_room() -> None:
    ax = plot_recalibrate(golden("recalibrate-all"), axes(24.0, 1.8))
    assert [*labels(ax)[:1], *labels(ax)[2:]] == [
        "offset: better",
        "isotonic (recommended): better",
        "4 more",
    ]
    record = golden("check-passed")
    record["checks"][-1]["verdict"] = record["verdict"] = "failed"
    ax = plot_check(record, axes(26.0, 1.8))
    assert [*labels(ax)[:1], *labels(ax)[2:]] == [
        "mean loss: passed",
        "mean loss above baseline: FAILED",
        "3 more",
    ]


def test_checks_stand_on_the_side_of_their_limits() -> None:
    record = golden("check-undecided")
    ax = plot_check(record, axes())
    assert labels(ax)[0] == "mean loss: undecided\n0.8119 [0.6679, 0.9558]\nat most 0.82 nats"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["breaks it", "limit", "keeps it"]
    places = sorted(points(ax, "undecided") + points(ax, "passed"), key=lambda place: place[1])
    for (x, y), check in zip(places, record["checks"], strict=True):
        good = check["value"] - check["limit"]
        good *= 1.0 if check["name"].startswith("min_") else -1.0
        assert (x > 0.0, x < 0.0) == (good > 0.0, good < 0.0), y
        assert abs(x) <= 1.0
    assert min(min(ends) for ends in intervals(ax, "undecided")) == pytest.approx(-1.0, rel=1e-14)


def test_a_check_that_failed_is_told_by_word_and_shape() -> None:
    ax = plot_check(golden("check-failed"), axes())
    assert title(ax).startswith(
        "Failed: mean loss, skill, calibration error, rows, mean loss above"
    )
    assert labels(ax)[:3] == [
        "mean loss: FAILED\ninfinite\nat most 0.5 nats",
        "skill: FAILED\nundefined\nat least 0.1",
        "Brier score: passed\n0.6875\nat most 0.9",
    ]
    assert [text.get_text() for text in ax.texts] == ["infinite", "infinite", "undefined"]
    assert legend(ax) == ["FAILED", "passed", "limit"]
    assert title(plot_check(golden("check-passed"), axes())) == "Passed: 6 checks"


def test_a_reliability_diagram_has_all_bins_the_curve_and_how_many_rows_there_are() -> None:
    record = golden("calibration")
    bins = [each for each in record["bins"] if each["event_rate"] is not None]
    ax = plot_calibration(record, axes())
    meant = [(each["mean_prediction"], each["event_rate"]) for each in bins]
    assert points(ax, "bins, 95 % intervals") == meant
    assert points(ax, "calibrated") == [(0.0, 0.0), (1.0, 1.0)]
    pools = [
        (pool[end], pool["recalibrated"]) for pool in record["isotonic"] for end in ("low", "high")
    ]
    assert points(ax, "isotonic curve") == pools
    most = max(each["n"] for each in record["bins"])
    assert legend(ax)[3] == f"rows in a bin, at most {most}"
    heights = [bar.get_height() for bar in ax.patches]  # type: ignore[attr-defined]
    assert heights == [each["n"] / most * 0.15 for each in record["bins"]]
    assert title(ax) == (
        "Not calibrated: recalibration would remove 0.07235 of 0.6154 nats (11.8 %)"
    )
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("prediction", "event rate")


@pytest.mark.deep
def test_diagrams_in_the_same_axes_have_colours_and_a_legend_of_models() -> None:
    ax = axes()
    (own,) = ax.plot([0.0, 1.0], [0.5, 0.5], label="mine")
    old, new = golden("calibration"), golden("calibration-impossible")
    assert "rows in a bin" in legend(plot_calibration(old, ax))[-1]
    plot_calibration(new, ax)
    assert legend(ax) == ["mine", "calibrated", "prediction", "p|q"]
    assert title(ax) == "prediction: not calibrated; p|q: not calibrated"
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "prediction",
        "event rate (bins with 95 % intervals)",
    )
    for name, record in (("prediction", old), ("p|q", new)):
        bins = [each for each in record["bins"] if each["event_rate"] is not None]
        assert points(ax, name) == [(each["mean_prediction"], each["event_rate"]) for each in bins]
    drawn: dict[str, Any] = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
    assert [drawn[name].lines[0].get_color() for name in ("prediction", "p|q")] == ["C0", "C1"]
    assert [drawn[name].lines[0].get_marker() for name in ("prediction", "p|q")] == ["o", "s"]
    assert own in ax.lines
    assert [*ax.patches] == []
    plot_calibration(old, ax)
    assert legend(ax)[2:] == ["prediction (1)", "p|q", "prediction (3)"]
    ax.clear()
    plot_calibration(old, ax)
    assert title(ax).startswith("Not calibrated: ")
    assert len(legend(ax)) == 4


def test_of_many_models_the_first_few_are_drawn() -> None:
    record = golden("calibrations-by")
    one = record["models"][0]
    record["models"] = [{**one, "name": f"m{k}"} for k in range(6)]
    ax = plot_calibrations(record, axes())
    assert legend(ax) == ["calibrated", *(f"m{k}" for k in range(5))]
    told = "; ".join(f"m{k}: not calibrated" for k in range(5))
    assert title(ax).split() == f"The first 5 of 6 models. {told}".split()


def test_several_models_are_drawn_as_their_diagrams_one_after_the_other() -> None:
    record = golden("calibrations-by")
    ax = plot_calibrations(record, axes())
    assert legend(ax) == ["calibrated", "old", "new"]
    assert title(ax) == "old: not calibrated; new: not calibrated"
    for model in record["models"]:
        bins = [each for each in model["bins"] if each["event_rate"] is not None]
        assert points(ax, model["name"]) == [
            (each["mean_prediction"], each["event_rate"]) for each in bins
        ]
    one, other = golden("calibration"), axes()
    plot_calibration(one, ax)
    assert legend(ax)[1:] == ["old", "new", "prediction"]
    plot_calibration(one, other)
    plot_calibrations(record, other)
    assert legend(other)[1:] == ["prediction", "old", "new"]
    names = legend(plot_calibrations(golden("calibrations"), axes()))
    assert names == ["calibrated", "old|[red]", r"\x1b[31mnew\x1b[0m"]
    for model in record["models"]:
        del model["bins"]
    with pytest.raises(DataError, match=r"^there are no bins to draw: "):
        plot_calibrations(record, ax)
    assert legend(ax)[1:] == ["old", "new", "prediction"]


def test_another_picture_takes_the_place_of_that_in_the_same_axes() -> None:
    ax, fresh = axes(), axes()
    (own,) = ax.plot([0.0, 1.0], [0.5, 0.5], label="mine")
    plot_check(golden("check-undecided"), ax)
    plot_compare(golden("compare-two"), ax)
    plot_calibration(golden("calibration"), ax)
    plot_calibration(golden("calibration"), fresh)
    assert own in ax.lines
    assert len(ax.lines) == len(fresh.lines) + 1
    assert [*ax.texts] == []
    assert labels(ax) == labels(fresh)
    assert (legend(ax), title(ax)) == (["mine", *legend(fresh)], title(fresh))


def test_a_record_without_bins_is_refused_before_a_figure_is_opened(pyplot: Any) -> None:  # noqa: ANN401
    record = golden("calibration")
    without_curve = {key: value for key, value in record.items() if key != "isotonic"}
    assert "isotonic curve" not in legend(plot_calibration(without_curve, axes()))
    with pytest.raises(
        DataError, match=r"^there are no bins to draw: the report was saved in brief$"
    ):
        plot_calibration({key: value for key, value in record.items() if key != "bins"})
    assert pyplot.get_fignums() == []


def test_a_weighted_or_impossible_calibration_says_so() -> None:
    ax = plot_calibration(golden("calibration-impossible"), axes())
    assert legend(ax)[3] == "weight in a bin, at most 4.5"
    left = "recalibration would leave 0.3821 bits of an infinite loss"
    assert title(ax) == f"Not calibrated: {left}"
    assert ax.get_xlabel() == "prediction: p|q"


def test_text_from_outside_is_never_markup_and_every_name_another() -> None:
    segments = [segment(name, 0.5) for name in [*HOSTILE, "W" * 89 + "V"]]
    ax = plot_compute(by_segment(*segments), axes())
    ax.figure.canvas.draw()
    shown = [label.removesuffix(" (25.0 %)") for label in labels(ax)]
    assert shown[:8] == [
        *("\\x1b[31mred", "$x^2$", "$", "_under", "a\\nb", "\\u202egnp"),
        *("\\u6f22\\u5b57", "(empty)"),
    ]
    assert len(set(shown)) == len(segments)
    assert max(map(len, shown)) <= 30
    texts = [*ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label, ax._left_title]  # type: ignore[attr-defined]  # noqa: SLF001
    assert not any(text.get_parse_math() or text.get_usetex() for text in texts)


def test_names_that_are_long_stay_apart() -> None:
    names = ["a", "x" * 40 + "1", "x" * 40 + "2", "y" * 50 + "." + "y" * 50, "y" * 100]
    assert names_that_differ(names, None) == [
        "a",
        "x" * 13 + "..." + "x" * 13 + "1",
        "x" * 13 + "..." + "x" * 13 + "2",
        "y" * 13 + "..." + "y" * 14 + " (4)",
        "y" * 13 + "..." + "y" * 14 + " (5)",
    ]


@pytest.mark.few(2)
@pytest.mark.parametrize("size", [0.0, 1.7e308, 5e-324, 1e-300, 1e99, 1e200])
def test_losses_of_any_size_are_drawn(size: float) -> None:
    first, second = segment("a", size, ci_low=size / 2, ci_high=size), segment("b", size / 2)
    ax = plot_compute(by_segment(first, second, mean_loss=size), axes(4.0, 3.0))
    ax.figure.canvas.draw()
    low, high = ax.get_xlim()
    assert all(map(math.isfinite, (low, high)))
    texts = [f"{mean:.4g}" for mean in (size, size / 2)] if size > 1e100 else []
    assert [text.get_text() for text in ax.texts] == texts


def test_axes_that_were_given_are_drawn_into_and_nothing_else_is_touched(pyplot: Any) -> None:  # noqa: ANN401
    whole = figure()
    first, other = whole.subplots(1, 2)
    other.plot([0, 1], [0, 1], label="mine")
    before = [*other.get_children()], other.get_position().bounds, whole.get_size_inches().tolist()
    for drawn in (
        plot_compute(golden("plain"), first),
        plot_compare(golden("compare-two"), first),
        plot_check(golden("check-passed"), first),
        plot_calibration(golden("calibration"), first),
    ):
        assert drawn is first
    now = [*other.get_children()], other.get_position().bounds, whole.get_size_inches().tolist()
    assert now == before
    assert whole.axes == [first, other]
    assert pyplot.get_fignums() == []


def test_a_new_figure_is_one_that_a_notebook_shows(pyplot: Any) -> None:  # noqa: ANN401
    ax = plot_compare(golden("compare-two"))
    assert pyplot.get_fignums() == [1]
    assert pyplot.gcf() is ax.figure
    assert ax.figure.axes == [ax]


@pytest.mark.parametrize(
    ("given", "kind"), [(figure, "function"), (np.array([None]), "ndarray"), ("ax", "str")]
)
def test_anything_but_axes_is_refused(given: Any, kind: str) -> None:  # noqa: ANN401
    message = f"ax must be axes of matplotlib, got {kind}"
    for plot, name in ((plot_compute, "plain"), (plot_calibration, "calibration")):
        with pytest.raises(ArgumentError, match=f"^{re.escape(message)}$") as caught:
            plot(golden(name), given)
        assert caught.value.arguments == ("ax",)


def test_a_missing_matplotlib_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    found = builtins.__import__

    def without_matplotlib(name: str, *rest: Any) -> Any:  # noqa: ANN401
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return found(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    for plot, name in ((plot_compute, "segments"), (plot_calibration, "calibration")):
        with pytest.raises(UsageError) as caught:
            plot(golden(name))
        assert caught.value.message == "plot needs matplotlib, which is not installed"
        assert caught.value.hint == "install it: pip install 'bce-cli[plot]'"


def test_the_same_record_is_the_same_picture_and_its_words_are_text() -> None:
    import matplotlib as mpl

    record = by_segment(segment("$a$ <b>", 0.5), segment("_b", 0.25))
    with mpl.rc_context({"svg.hashsalt": "same", "svg.fonttype": "none"}):
        pictures = []
        for _ in range(2):
            stream = io.StringIO()
            whole = figure(6.0, 3.0)
            plot_compute(record, whole.add_subplot())
            whole.savefig(stream, format="svg", metadata={"Date": None})
            pictures.append(stream.getvalue())
    assert pictures[0] == pictures[1]
    words = re.findall(r">([^<>]+)</text>", pictures[0])
    assert {"$a$ &lt;b&gt; (25.0 %)", "_b (25.0 %)", "mean loss, nats a row"} < set(words)
    assert "<b>" not in pictures[0]


def shared(rows: int, columns: int, *size: float, layout: Any = None) -> list[Axes]:  # noqa: ANN401
    """Return axes with a diagram, segments of long names, checks and maps, one after another."""
    whole = figure(*size, layout=layout)
    grid = whole.subplots(rows, columns, squeeze=False)
    long_names = by_segment(segment("a long name of a segment", 0.5), segment("b", 0.25))
    pictures = (
        (plot_calibration, golden("calibration")),
        (plot_check, golden("check-undecided")),
        (plot_compute, long_names),
        (plot_recalibrate, golden("recalibrate-all")),
    )
    drawn = [plot(record, ax) for ax, (plot, record) in zip(grid.flat, pictures, strict=False)]
    whole.draw_without_rendering()
    return drawn


@pytest.mark.deep
@pytest.mark.parametrize("layout", ["constrained", None, "tight"])
@pytest.mark.parametrize(
    ("rows", "columns", "size"), [(2, 1, (6.0, 8.0)), (2, 2, (12.0, 8.0)), (1, 3, (15.0, 4.0))]
)
def test_what_stands_around_axes_takes_no_width_and_stays_off_others(
    rows: int, columns: int, size: tuple[float, float], layout: str | None
) -> None:
    drawn = shared(rows, columns, *size, layout=layout)
    plain = figure(*size, layout=layout).subplots(rows, columns, squeeze=False)
    least = plain[0, 0].get_position(original=True).width * 0.85
    for ax in drawn:
        assert ax.get_position().width >= least
    boxes = []
    for ax in drawn:
        found = ax.get_tightbbox()
        assert found is not None
        if ax.get_legend() is not None:
            around = ax.get_legend().get_window_extent()  # type: ignore[union-attr]
            assert around.width <= ax.bbox.width
        assert ax._left_title.get_window_extent().width <= ax.bbox.width  # type: ignore[attr-defined]  # noqa: SLF001
        boxes.append(found)
    assert not any(one.overlaps(two) for one, two in combinations(boxes, 2))


def test_labels_that_have_no_room_beside_axes_stand_within_them_in_brief() -> None:
    record = by_segment(segment("a long name of a segment", 0.5), segment("b" * 60, 0.25))
    ax = plot_compute(record, figure(6.4, 4.8).subplots(1, 3)[1])
    assert labels(ax) == ["a long n... (25.0 %)", "bbbbbb... (25.0 %)"]
    ax.figure.draw_without_rendering()  # type: ignore[union-attr]
    for label in ax.get_yticklabels():
        box = label.get_window_extent()
        assert ax.bbox.x0 <= box.x0
        assert box.x1 <= ax.bbox.x1
    beside = plot_compute(by_segment(*record["segments"][:1]), axes(26.0))
    assert labels(beside)[0] == "a long name of a segment (25.0 %)"
    beside.figure.draw_without_rendering()  # type: ignore[union-attr]
    assert max(each.get_window_extent().x1 for each in beside.get_yticklabels()) < beside.bbox.x0


def test_a_title_is_broken_anew_when_axes_get_another_width() -> None:
    ax = plot_compare(golden("compare-ids"), axes())
    assert "\n" not in ax.get_title(loc="left")
    whole: Any = ax.figure
    whole.set_size_inches(4.0, 7.0)
    whole.draw_without_rendering()
    assert ax.get_title(loc="left").count("\n") == 1
    whole.set_size_inches(9.0, 7.0)
    whole.draw_without_rendering()
    assert "\n" not in ax.get_title(loc="left")
    ax.set_title("mine", loc="left")
    ax.set_xlabel("x")
    ax.legend(handles=ax.lines[:1], labels=["own"])
    whole.set_size_inches(4.0, 7.0)
    whole.draw_without_rendering()
    assert (ax.get_title(loc="left"), ax.get_xlabel(), legend(ax)) == ("mine", "x", ["own"])


PICTURES: dict[str, Callable[..., Axes]] = {
    "segments": plot_compute,
    "hostile": plot_compute,
    "plain": plot_compute,
    "compare-three": plot_compare,
    "compare-infinite": plot_compare,
    "check-undecided": plot_check,
    "check-failed": plot_check,
    "calibration": plot_calibration,
}


@pytest.mark.deep
@pytest.mark.parametrize("size", [None, (4.5, 3.5), (8.0, 3.0), (12.0, 9.0)])
@pytest.mark.parametrize("name", PICTURES)
def test_nothing_overlaps(name: str, size: tuple[float, float] | None, pyplot: Any) -> None:  # noqa: ANN401
    ax = None if size is None else figure(*size, layout="constrained").add_subplot()
    drawn = PICTURES[name](golden(name), ax)
    drawn.figure.draw_without_rendering()  # type: ignore[union-attr]
    assert len(pyplot.get_fignums()) == (size is None)
    texts = [drawn._left_title, drawn.xaxis.label, drawn.yaxis.label]  # type: ignore[attr-defined]  # noqa: SLF001
    for axis, place in ((drawn.xaxis, 0), (drawn.yaxis, 1)):
        low, high = sorted(axis.get_view_interval())
        labelled = axis.get_majorticklabels()
        texts += [text for text in labelled if low <= text.get_position()[place] <= high]
    texts = [text for text in texts if text.get_text()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    if drawn.get_legend() is not None:
        boxes.append(("legend", drawn.get_legend().get_window_extent()))  # type: ignore[union-attr]
    clashes = [(a, b) for (a, one), (b, two) in combinations(boxes, 2) if one.overlaps(two)]
    assert clashes == []
    whole = drawn.figure.bbox
    assert [text for text, box in boxes if box.x0 < whole.x0 or box.x1 > whole.x1] == []
    assert [text for text, box in boxes if box.y0 < whole.y0 or box.y1 > whole.y1] == []
