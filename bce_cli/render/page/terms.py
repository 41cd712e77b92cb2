"""The terms that a page uses, each in a plain sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bce_cli.lean_dataclass import dataclass
from bce_cli.render.layout import Column, Section, table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


@dataclass(frozen=True, slots=True)
class Term:
    """A term, how texts write it, and what it means.

    Attributes
    ----------
    name : str
    pattern : str
        A regular expression, which heeds capitals where it has some.
    meaning : str
    """

    name: str
    pattern: str
    meaning: str

    def is_in(self, text: str) -> bool:
        """Whether a text uses it."""
        ignored = re.IGNORECASE if self.pattern.islower() else re.NOFLAG
        return re.search(rf"\b(?:{self.pattern})", text, ignored) is not None


TERMS: tuple[Term, ...] = (
    Term(
        "loss",
        r"loss",
        "What a prediction costs: minus the logarithm of the probability that it gave to what "
        "happened; 0 is perfect, and certain but wrong costs infinity.",
    ),
    Term(
        "nats",
        r"nats\b",
        "The unit of losses by the natural logarithm; a coin costs 0.693 nats a row.",
    ),
    Term("bits", r"bits\b", "The unit of losses by the logarithm to base 2; a coin costs 1 bit."),
    Term(
        "effective probability",
        r"effective probability",
        "The probability that would cost as much, if every row had given it to what happened.",
    ),
    Term(
        "base rate",
        r"base[ -]rate",
        "The share of label 1; always predicting it is the least that a model has to beat.",
    ),
    Term(
        "skill",
        r"skill",
        "The share of the base rate's loss that is removed: 100 % is perfect, 0 % no better than "
        "the base rate.",
    ),
    Term(
        "Brier score",
        r"brier",
        "The mean square of label minus prediction: 0 is perfect, 0.25 what a coin costs.",
    ),
    Term(
        "label entropy",
        r"label entropy",
        "What labels that are probabilities cost under perfect predictions.",
    ),
    Term(
        "KL divergence",
        r"kl divergence",
        "What predictions cost beyond the label entropy; 0 is perfect.",
    ),
    Term(
        "interval",
        r"interval",
        "Where the true figure may well lie: of 100 such intervals of 95 %, each from other rows, "
        "about 95 hold it.",
    ),
    Term(
        "cluster",
        r"clusters?\b",
        "Rows that depend on each other, such as those of one day; intervals allow for that.",
    ),
    Term(
        "paired",
        r"paired",
        "Subtracted row by row, so that what makes a row hard for both falls out.",
    ),
    Term(
        "p",
        r"p\b(?= |:|$)|p value",
        "How often chance alone would make at least such a difference, if there were none.",
    ),
    Term("Holm", r"holm", "An adjustment of p for the number of comparisons."),
    Term(
        "calibrated",
        r"(?:mis|re)?calibrat",
        "Meaning what it says: of rows with prediction 30 %, 30 % have label 1.",
    ),
    Term(
        "reliability diagram",
        r"reliability diagram",
        "How often label 1 came, over how often it was predicted; calibrated is on the diagonal.",
    ),
    Term(
        "MCB",
        r"MCB\b|[Mm]iscalibration",
        "Miscalibration: the part of the loss that the best rising map would remove in hindsight.",
    ),
    Term(
        "DSC",
        r"DSC\b|[Dd]iscrimination",
        "Discrimination: the part of the base rate's loss that telling rows apart saves.",
    ),
    Term(
        "UNC",
        r"UNC\b|[Uu]ncertainty",
        "Uncertainty: the loss of always predicting the base rate; loss = MCB - DSC + UNC.",
    ),
    Term(
        "slope",
        r"slope",
        "By what the log odds of predictions are best multiplied: below 1, they are too extreme; "
        "above, too timid.",
    ),
    Term(
        "in the large",
        r"in the large",
        "What is best added to all log odds: above 0, predictions are too low on average; below, "
        "too high.",
    ),
    Term(
        "log odds",
        r"log odds|logit",
        "The logarithm of p / (1 - p), also called logit: 0 for 50 %, any number for other p.",
    ),
    Term(
        "ECE",
        r"ECE\b|[Ee]xpected calibration error|calibration error",
        "Expected calibration error: the mean gap between prediction and event rate over bins.",
    ),
    Term(
        "AUC",
        r"AUC\b",
        "How often a row of label 1 has the higher prediction than one of label 0; a coin: 0.5.",
    ),
    Term(
        "Spiegelhalter's z",
        r"spiegelhalter",
        "A test of calibration by the Brier score; far from 0 speaks against it.",
    ),
    Term(
        "cross-fitted",
        r"cross-fitted",
        "Judged on rows that it was not fitted to, in turn for all, so that it does not flatter.",
    ),
    Term(
        "segment",
        r"segments?\b",
        "The rows that have the same value in the columns that part them.",
    ),
    Term(
        "gap",
        r"gaps?\b",
        "Event rate minus mean prediction: above 0, predictions are too low on average.",
    ),
    Term(
        "convention",
        r"convention",
        "What a library makes of the loss of predictions at or near 0 and 1, and of weights.",
    ),
    Term(
        "likelihood",
        r"likelihood",
        "The product of all probabilities given to what happened; its logarithm is minus the sum "
        "of the losses.",
    ),
    Term(
        "underflow",
        r"underflow",
        "A product too small for a type of number becomes 0, and nothing can be told from it.",
    ),
    Term(
        "subnormal",
        r"subnormal",
        "Just above 0, where numbers have lost some of their digits.",
    ),
)

_MAPS: dict[str, str] = {
    "as-is": "leaves predictions as they are",
    "offset": "adds to log odds",
    "temperature": "divides them",
    "logistic": "multiplies them and adds to them",
    "platt": "is that for labels that are smoothed a little",
    "beta": "weighs ln p and ln(1 - p)",
    "isotonic": "is the best that keeps the order, with lines between its levels",
    "centred": "has lines through the middle of each level",
}


def terms_section(texts: Iterable[str], maps: Collection[str]) -> Section:
    """Explain the terms that texts use, and some maps of predictions.

    Parameters
    ----------
    texts : iterable of str
    maps : collection of str
        Methods of recalibration.
    """
    text = "\n".join(texts)
    found = [(term.name, term.meaning) for term in TERMS if term.is_in(text)]
    what = [f"{name} {meaning}" for name, meaning in _MAPS.items() if name in maps]
    if what:
        found.append(("maps of predictions", f"What recalibration tries: {', '.join(what)}."))
    return Section(
        "Terms",
        *table(
            found,
            (Column("term", is_text=True), lambda item: item[0]),
            (Column("meaning", is_text=True, wraps=True), lambda item: item[1]),
        ),
    )
