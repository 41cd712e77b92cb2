"""The answer of a report: three sentences that claim no more than intervals do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bce_cli.render.page.advice import doubts_of
from bce_cli.render.page.answer import answer_of, headline_of
from bce_cli.render.page.model_figures import model_of
from tests.render.reports import ALL, EXTREME, N, P, Y, report_of

if TYPE_CHECKING:
    from bce_cli.render.page.document import ReportDocument
    from tests.render.reports import Values

ZERO = P.copy()
ZERO[[300, 350]] = 0.0  # of rows with label 1
ONE_ZERO = P.copy()
ONE_ZERO[300] = 0.0
SITES = np.array(["x", "y"])[np.arange(N) % 2]
GOOD = (
    "a costs 0.5569 nats a row over 400 rows (95 % interval 0.5077 to 0.6062): as much as giving "
    "what happened a probability of 57.3 % (54.5 % to 60.2 %) every time, where a coin gives 50 %."
)
BETTER = (
    "It is better than always predicting the base rate, 50.0 %: it removes 19.7 % "
    "(12.5 % to 26.8 %) of the 0.6931 nats a row that this costs"
)
NEVER = (
    "It is worse than always predicting the base rate, 50.0 %, which costs 0.6931 nats a row and "
    "never infinity"
)


def told(report: ReportDocument) -> list[tuple[str | None, str]]:
    """Return each sentence of the answer with its verdict."""
    return [(getattr(sentence, "verdict", None), str(sentence)) for sentence in answer_of(report)]


def headline(report: ReportDocument) -> tuple[str, str]:
    """Return the verdict and the words of the headline."""
    return headline_of(report).verdict, str(headline_of(report))


def test_a_calibrated_model_is_left_as_it_is() -> None:
    report = report_of(Y, {"a": P}, ALL)
    assert told(report) == [
        (None, GOOD),
        ("passed", f"{BETTER}."),
        (
            None,
            (
                "Leave the predictions as they are: no map is clearly better on rows that it "
                "has not "
                "seen, and the best, temperature, takes off 0.0004661 nats a row "
                "(-0.002802 to 0.003734)."
            ),
        ),
    ]
    assert headline(report) == ("passed", "a: better than the base rate")


def test_an_extreme_model_gets_a_map_with_its_gain() -> None:
    report = report_of(Y, {"a": EXTREME}, ALL)
    assert told(report)[1:] == [
        (
            "undecided",
            (
                "Whether it is better than always predicting the base rate, 50.0 %, cannot be "
                "told: it "
                "removes 7.2 % (-6.7 % to 21.0 %) of the 0.6931 nats a row that this costs."
            ),
        ),
        (
            None,
            (
                "Recalibrate with the temperature map, which takes off 0.08698 nats a row "
                "(0.03502 to 0.1389) on rows that it has not seen."
            ),
        ),
    ]
    assert headline(report) == ("undecided", "a: not to be told from the base rate")


def test_a_model_that_is_better_for_sure_is_to_be_taken() -> None:
    report = report_of(Y, {"a": EXTREME, "b": P})
    second, third = told(report)[1:]
    assert second[0] is None  # as its clauses differ
    assert second[1].endswith("; b is better by 0.08651 nats a row (0.03779 to 0.1352).")
    assert third == (None, "Take b in its place.")
    assert headline(report) == ("failed", "a: not to be told from the base rate, worse than b")


def test_a_model_is_told_from_another_by_the_paired_interval_alone() -> None:
    better = report_of(Y, {"a": P, "b": EXTREME}, ("compute", "compare"))
    assert told(better)[1][1].endswith(
        "; it is better than b by 0.08651 nats a row (0.03779 to 0.1352)."
    )
    assert headline(better) == ("passed", "a: better than the base rate and b")
    near = report_of(Y, {"a": P, "b": P**1.01}, ("compute", "compare"))
    assert told(near)[1] == (
        None,
        (
            "It is better than always predicting the base rate, 50.0 %: this costs 0.6931 nats "
            "a row, "
            "above the interval; no difference from b can be told, which costs 6.772e-05 nats a "
            "row "
            "more (-0.0005903 to 0.0007257)."
        ),
    )
    assert headline(near) == ("undecided", "a: better than the base rate, not to be told from b")


def test_of_many_models_the_names_are_told_and_the_best_is_advised() -> None:
    models = {"a": EXTREME, "b": P, "c": EXTREME, "d": P**1.01, "e": 1.0 - P, "f": 0.0 * P + 0.9}
    report = report_of(Y, models, ("compute", "compare"))
    assert told(report)[1][1].endswith(
        "; b and d are better; it is better than e and f; no difference can be told from c."
    )
    assert told(report)[2] == (None, "Take b in its place.")
    assert headline(report) == (
        "failed",
        "a: not to be told from the base rate or c, worse than b and d, better than e and f",
    )


def test_an_infinite_loss_comes_first_of_all() -> None:
    checks = {"min_skill": 0, "max_loss": 1}
    report = report_of(Y, {"a": ZERO, "b": P}, ("compute", "compare"), checks)
    infinite = (
        "a has an infinite mean loss over 400 rows: 2 rows were predicted with certainty, and "
        "wrongly; without them the mean is 0.5585 nats."
    )
    mend = (
        "Mend first the 2 predictions that were certain and wrong, best by bounds in the model "
        "itself; do not let it pass: both checks failed; take b in its place."
    )
    assert told(report) == [
        ("failed", infinite),
        ("failed", f"{NEVER}; b is better, as its mean loss is finite."),
        ("failed", mend),
    ]
    assert headline(report) == ("failed", "Failed: 2 of 2 checks")
    assert headline(replace(report, check=None)) == ("failed", "a: the mean loss is infinite")


def test_other_infinite_losses_are_told() -> None:
    other = report_of(Y, {"a": P, "b": ONE_ZERO}, ("compute", "compare"))
    assert told(other)[1][1].endswith("; it is better than b, whose mean loss is infinite.")
    both = report_of(Y, {"a": ONE_ZERO, "b": ZERO}, ("compute", "compare"))
    assert told(both)[0][1].endswith(
        ": 1 row was predicted with certainty, and wrongly; without it the mean is 0.5575 nats."
    )
    assert told(both)[1][1] == f"{NEVER}; the mean loss of b is infinite as well."
    assert told(both)[2][1] == (
        "Mend first the prediction that was certain and wrong, best by bounds in the model itself."
    )


@pytest.mark.parametrize(
    ("predictions", "doubt"),
    [
        (
            (P > 0.5).astype(float),
            (
                "all 400 predictions are 0 or 1: these look like classes; probabilities come of "
                "predict_proba"
            ),
        ),
        (
            1.0 - P,
            (
                "1 - p would cost 0.556921 in place of 1.2217 nats a row: is this the "
                "probability of the "
                "other label?"
            ),
        ),
    ],
)
def test_a_doubt_comes_before_all_advice(predictions: Values, doubt: str) -> None:
    report = report_of(Y, {"a": predictions})
    text = answer_of(report)[2]
    assert text == f"Make sure first that this was meant ({doubt})."
    other = report_of(Y, {"b": P, "a": predictions})
    assert "meant" not in answer_of(other)[2]
    assert [text.lower() for text in doubts_of(other)] == [f"a: {doubt}.".replace("?.", "?")]


def test_few_rows_are_told_and_more_are_asked_for() -> None:
    few = report_of(Y[::50], {"a": P[::50]})
    assert told(few)[0][1].startswith("a costs 0.7081 nats a row over 8 rows (95 % interval ")
    assert ", rough for so few rows): as much as" in told(few)[0][1]
    assert told(few)[1:] == [
        (
            "undecided",
            (
                "Whether it is better than always predicting the base rate, 50.0 % (0.6931 "
                "nats), 8 "
                "rows cannot tell."
            ),
        ),
        (None, "Gather more rows, as 8 rows tell next to nothing."),
    ]
    weights = np.where(np.arange(N) % 40, 1e-6, 1.0)
    worth = report_of(Y, {"a": P}, weight=weights)
    assert told(worth)[2][1] == (
        "Gather more rows, as 400 rows, by weight worth 10, tell next to nothing."
    )
    one = report_of(Y[:1], {"a": P[:1]}, ("compute",))
    assert told(one)[0][1].startswith("a costs 2.996 nats a row over 1 row: as much as")
    assert told(one)[2] == (None, "Gather more rows, as 1 row tells next to nothing.")


def test_a_model_that_is_better_on_few_rows_is_so_on_these_alone() -> None:
    labels = np.array([1, 0])
    models = {"a": np.array([0.6, 0.4]), "b": np.array([0.7, 0.3])}
    document = report_of(labels, models, ALL[:2])
    second, third = answer_of(document)[1:]
    assert second.endswith("; on these rows alone, b is better by 0.1542 nats a row.")
    assert getattr(second, "verdict", None) == "undecided"
    assert third == "Gather more rows, as 2 rows tell next to nothing."
    assert headline_of(document) == "a: not to be told from the base rate or b"
    assert headline_of(document).verdict == "undecided"


def test_rows_of_one_label_leave_nothing_to_beat() -> None:
    report = report_of(np.ones(50), {"a": P[-50:]}, ("compute",))
    assert told(report)[1:] == [
        ("undecided", "All labels are the same, so there is no base rate to beat."),
        (None, "Gather rows of either label, as all of these have the same."),
    ]


def test_what_costs_more_than_the_base_rate_is_no_advice() -> None:
    worse = np.full(N, 0.9)
    report = report_of(Y, {"a": worse}, ("compute",))
    assert told(report)[1:] == [
        (
            "failed",
            (
                "It is worse than always predicting the base rate, 50.0 %: this costs 0.6931 "
                "nats a "
                "row, below the interval."
            ),
        ),
        (None, "Until it is mended, rather predict the base rate."),
    ]
    assert told(report_of(Y, {"a": worse}, ("calibration",)))[1][1] == (
        "It is worse than always predicting the base rate, 50.0 %: it adds 73.7 % "
        "(58.1 % to 89.2 %) to the 0.6931 nats a row that this costs."
    )


def test_soft_labels_have_a_part_that_nothing_saves() -> None:
    report = report_of(P, {"a": EXTREME}, ("compute",), soft_labels=True)
    assert told(report)[0][1].startswith(
        "a costs 0.6141 nats a row over 400 rows (95 % interval 0.6038 to 0.6244), 0.5423 of which "
        "no prediction could save, as labels are probabilities: as much as giving what happened"
    )


def test_bits_have_the_probability_of_nats() -> None:
    bits = report_of(Y, {"a": P}, ("compute",), unit="bits")
    assert told(bits)[0][1] == GOOD.replace("0.5569 nats", "0.8035 bits").replace(
        "0.5077 to 0.6062", "0.7324 to 0.8745"
    )


def test_the_mean_of_another_library_stands_for_no_probability() -> None:
    report = report_of(Y, {"a": P}, ("compute", "calibration"), like="torch")
    first, second, _ = answer_of(report)
    assert first == (
        "a costs 0.5569 nats a row over 400 rows (95 % interval 0.5077 to 0.6062), by the rule of "
        "another library, which is named below."
    )
    assert second.endswith(": this costs 0.6931 nats a row, above the interval.")


@pytest.mark.parametrize(
    ("n_clusters", "ends"),
    [
        (10, "0.5379 to 0.576, likely wider: 10 clusters of 'cluster' are few"),
        (40, "0.5181 to 0.5958, by 40 clusters of 'cluster'"),
    ],
)
def test_the_interval_says_what_it_allows_for(n_clusters: int, ends: str) -> None:
    cluster = np.arange(N) % n_clusters
    for answers in (("compute",), ("calibration",)):
        report = report_of(Y, {"a": P}, answers, cluster=cluster)
        assert answer_of(report)[0].partition("interval ")[2].partition(")")[0] == ends
    report = report_of(Y, {"a": P, "b": EXTREME}, ("compare",), cluster=cluster)
    assert answer_of(report)[0].partition("interval ")[2].partition(")")[0] == ends


def test_the_segment_that_is_off_most_is_named() -> None:
    low = np.where(SITES == "y", P * 0.6, P)
    report = report_of(Y, {"a": low}, ("compute",), by={"site": SITES})
    assert answer_of(report)[2] == (
        "Look at 'y' of 'site', where predictions are too low by 0.1993 on average, beyond "
        "chance among 2 segments."
    )
    both = report_of(Y, {"a": P * 0.6}, ("compute",), by={"site": SITES})
    assert answer_of(both)[2] == (
        "Look at 'x' of 'site', where predictions are too low by 0.2007 on average, the most of 2, "
        "beyond chance among 2 segments."
    )
    fine = report_of(Y, {"a": P}, ("compute",), by={"site": SITES})
    assert answer_of(fine)[2] == "Nothing that was looked at asks for a change."


@pytest.mark.parametrize(
    ("checks", "verdict", "clause"),
    [
        ({"max_loss": 1}, "passed", "Let it pass, as the check holds."),
        ({"max_loss": 1, "min_rows": 9}, "passed", "Let it pass, as both checks hold."),
        (
            {"max_loss": 1, "min_rows": 9, "max_brier": 1},
            "passed",
            "Let it pass, as all 3 checks hold.",
        ),
        (
            {"max_loss": 0.5, "min_rows": 9},
            "failed",
            "Do not let it pass: 1 of 2 checks failed, as mean loss 0.556921 is above 0.5.",
        ),
        (
            {"max_loss": 0.5, "min_rows": 999, "max_brier": 0.1},
            "failed",
            (
                "Do not let it pass: all 3 checks failed, as mean loss 0.556921 is above 0.5, "
                "and 2 "
                "more."
            ),
        ),
        (
            {"max_loss": 0.56, "confident": True},
            "undecided",
            (
                "Do not let it pass yet: the check is undecided, as mean loss 0.556921 "
                "(0.5077 to 0.6062) is not clear of 0.56."
            ),
        ),
    ],
)
def test_the_gate_comes_before_other_advice(
    checks: dict[str, Any], verdict: str, clause: str
) -> None:
    report = report_of(Y, {"a": P}, ("compute",), checks)
    assert told(report)[2] == (verdict, clause)
    assert headline_of(report).verdict == verdict


def test_any_answer_alone_tells_how_good_it_is() -> None:
    models = {"a": P, "b": EXTREME}
    for answers in (("compare",), ("calibration",)):
        assert answer_of(report_of(Y, models, answers))[0] == GOOD
    check = report_of(Y, {"a": P}, (), {"min_skill": 0, "confident": True})
    assert told(check)[:2] == [
        (
            None,
            GOOD.replace(" (95 % interval 0.5077 to 0.6062)", "").replace(
                " (54.5 % to 60.2 %)", ""
            ),
        ),
        ("passed", f"{BETTER}."),
    ]
    alone = report_of(Y[::4], {"a": P[::4]}, ("recalibrate",))
    assert told(alone)[1] == (
        "undecided",
        (
            "Whether it is better than always predicting the base rate, 50.0 %, cannot be told: "
            "this "
            "costs 0.6931 nats a row, and no interval is known."
        ),
    )


def test_without_maps_calibration_says_whether_to_look_for_one() -> None:
    look = "Look for a map with bce recalibrate, as predictions are too extreme."
    report = report_of(Y, {"a": EXTREME}, ("calibration",))
    assert answer_of(report)[2] == look
    none = replace(report, no_advice="all labels are 1: a map takes both")
    assert answer_of(none)[2] == "Nothing that was looked at asks for a change."


def test_a_name_that_is_long_or_odd_is_cut_and_made_visible() -> None:
    name = "\u202e" + "m" * 50
    report = report_of(Y, {name: P, "b": EXTREME}, ("compare",))
    assert answer_of(report)[0].startswith("\\u202e" + "m" * 39 + "... costs 0.5569 nats")


RANDOM = np.random.default_rng(3).permutation(np.linspace(0.02, 0.98, N))
FEW_ONES = np.zeros(N)
FEW_ONES[[50, 90, 200, 300, 390]] = 1.0


@pytest.mark.parametrize(
    ("labels", "predictions", "but", "headlined"),
    [
        (
            Y,
            1.0 - P,
            (
                "make sure first that this was meant (1 - p would cost 0.556921 in place of 1.2217 "
                "nats a row: is this the probability of the other label?)."
            ),
            "make sure first that this was meant",
        ),
        (
            Y[::50],
            P[::50],
            "gather more rows, as 8 rows tell next to nothing.",
            "8 rows tell next to nothing",
        ),
        (
            FEW_ONES,
            np.where(FEW_ONES == 1, 0.2, 0.02),
            "gather more rows with label 1: 5 tell next to nothing.",
            "5 rows with label 1 tell next to nothing",
        ),
        (
            Y,
            ONE_ZERO,
            (
                "mend first the prediction that was certain and wrong, best by bounds in the model "
                "itself."
            ),
            "the mean loss is infinite",
        ),
        (
            Y,
            EXTREME**3,
            (
                "always predicting the base rate costs less; recalibrate with the logistic map, "
                "which takes off"
            ),
            "always predicting the base rate costs less",
        ),
        (
            np.ones(50),
            P[-50:],
            "gather rows of either label, as all of these have the same.",
            "all labels are the same",
        ),
    ],
)
def test_checks_that_hold_are_no_pass_where_they_mean_little(
    labels: Values, predictions: Values, but: str, headlined: str
) -> None:
    maps = ("recalibrate",) * headlined.startswith("always")
    answers = ("compute", "calibration", *maps)
    report = report_of(labels, {"a": predictions}, answers, {"min_rows": 5})
    verdict, text = told(report)[2]
    assert verdict == "undecided"
    assert text.startswith(f"The check holds, but {but}")
    assert headline(report) == ("undecided", f"The check holds, but {headlined}")


def test_a_sentence_whose_clauses_differ_has_no_verdict() -> None:
    report = report_of(Y, {"a": EXTREME, "b": P}, ("compute", "compare"), {"max_loss": 1})
    assert told(report)[2] == (None, "Let it pass, as the check holds; take b in its place.")
    assert told(report)[1][0] is None


def test_a_map_that_is_no_better_than_the_base_rate_is_no_advice() -> None:
    report = report_of(Y, {"a": RANDOM}, ALL)
    assert told(report)[2][1] == (
        "Rather predict the base rate, 50.0 %: the predictions tell nothing that it does not "
        "(AUC 0.4761, 0.4193 to 0.5329), and no map makes them better than it."
    )
    beside = report_of(Y, {"a": RANDOM, "b": 0.4 + 0.2 * RANDOM}, ALL)
    only = "Take b in its place; no map makes b better than the base rate."
    assert told(beside)[2][1] == only


def test_an_infinite_loss_is_to_be_mended_and_not_mapped() -> None:
    report = report_of(Y, {"a": ZERO}, ALL, by={"site": SITES})
    assert told(report)[2] == (
        "failed",
        (
            "Mend first the 2 predictions that were certain and wrong, best by bounds in the model "
            "itself."
        ),
    )


def test_few_rows_of_one_label_tell_as_little_as_few_rows() -> None:
    report = report_of(FEW_ONES, {"a": np.where(FEW_ONES == 1, 0.002, 0.02)}, ALL)
    first, second, third = told(report)
    assert ", rough for so few rows with label 1)" in first[1]
    assert second == (
        "undecided",
        (
            "Whether it is better than always predicting the base rate, 1.2 % (0.0672 nats), 5 "
            "rows with label 1 cannot tell."
        ),
    )
    assert third == (None, "Gather more rows with label 1: 5 tell next to nothing.")
    other = report_of(1.0 - FEW_ONES, {"a": np.full(N, 0.98)}, ALL)
    assert told(other)[2] == (None, "Gather more rows with label 0: 5 tell next to nothing.")


def test_predictions_that_are_all_the_same_are_told_so() -> None:
    report = report_of(Y, {"a": np.full(N, 0.4)}, ALL)
    same = "All predictions are 40.0 %: they tell no row from another."
    assert told(report)[2] == (None, same)
    checked = report_of(Y, {"a": np.full(N, 0.4)}, ALL, {"min_rows": 5})
    assert told(checked)[2] == ("undecided", f"The check holds, but {same[0].lower()}{same[1:]}")
    held = "The check holds, but all predictions are the same"
    assert headline(checked) == ("undecided", held)


def test_of_several_models_the_one_to_be_left_is_named() -> None:
    report = report_of(Y, {"a": P, "b": EXTREME}, ALL)
    assert told(report)[2][1].startswith("Leave the predictions of a as they are: ")
    taken = report_of(Y, {"a": EXTREME, "b": P}, ALL)
    assert "; leave the predictions of b as they are: no map" in told(taken)[2][1]


@pytest.mark.deep
@pytest.mark.parametrize("power", np.linspace(0.2, 4.0, 20).tolist())
def test_no_sentence_claims_more_than_its_interval(power: float) -> None:
    report = report_of(Y, {"a": P**power, "b": P})
    model = model_of(report, 0)
    assert model is not None
    assert model.skill_ends is not None
    assert report.compare is not None
    low, high = model.skill_ends
    second = answer_of(report)[1]
    assert second.startswith("It is better than always") == (low > 0.0)
    assert second.startswith("It is worse than always") == (high < 0.0)
    found = report.compare.report.comparisons[0].finite
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert ("b is better by" in second) == (found.ci_high < 0.0)
    assert ("it is better than b" in second) == (found.ci_low > 0.0)
