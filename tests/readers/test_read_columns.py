"""Which columns are taken, and what is said when that is not clear."""

from __future__ import annotations

import pytest

from bce_cli.errors import DataError
from bce_cli.readers.columns import (
    LABEL_NAMES,
    LOGIT_NAMES,
    PREDICTION_NAMES,
    ColumnChoice,
    find_columns,
)

THE_COLUMNS = "the columns are 'id', 'y', 'p'"
PLACE = "f.csv"

FOUND = [
    ("y,p", ColumnChoice(), (0, 1, None)),
    ("Y_TRUE,id,Score", ColumnChoice(), (0, 2, None)),
    ("id,y,p", ColumnChoice(label="p", prediction="y"), (2, 1, None)),
    ("id,y,p", ColumnChoice(label="#3", prediction="#1", id="#2"), (2, 0, 1)),
    ("#2,y,p", ColumnChoice(label="y", prediction="#2"), (1, 0, None)),
    ("a,b", ColumnChoice(label=" b ", prediction="a"), (1, 0, None)),
    ("y,target,p", ColumnChoice(label="target"), (1, 2, None)),
    ("Y,y,p", ColumnChoice(label="y"), (1, 2, None)),
]


@pytest.mark.parametrize(("header", "choice", "places"), FOUND)
def test_columns_are_found_at_these_places(
    header: str, choice: ColumnChoice, places: tuple[int, int, int | None]
) -> None:
    columns = find_columns(header.split(","), choice, PLACE)
    assert (columns.label, columns.prediction, columns.id) == places


@pytest.mark.parametrize("name", LABEL_NAMES)
def test_a_customary_name_of_labels_is_taken(name: str) -> None:
    assert find_columns(["a", name.upper(), "p"], ColumnChoice(), PLACE).label_name == name.upper()


@pytest.mark.few(10)
@pytest.mark.parametrize("name", PREDICTION_NAMES)
def test_a_customary_name_of_predictions_is_taken(name: str) -> None:
    columns = find_columns(["a", name.title(), "y"], ColumnChoice(), PLACE)
    assert columns.prediction_name == name.title()


UNCLEAR: dict[str, tuple[str, ColumnChoice, str, str | None]] = {
    "no label": (
        "a,p",
        ColumnChoice(),
        "no column has a customary name for the label, such as 'label'",
        "choose one with label=, or a file of labels with labels=; the columns are 'a', 'p'",
    ),
    "no prediction": (
        "y,b",
        ColumnChoice(),
        "no column has a customary name for the prediction, such as 'prediction'",
        "choose one with prediction=; the columns are 'y', 'b'",
    ),
    "a place without its sign": (
        "y,p",
        ColumnChoice(prediction="2"),
        "there is no column '2'; did you mean '#2'?",
        "the columns are 'y', 'p'",
    ),
    "several labels": (
        "y,Label,p",
        ColumnChoice(),
        "several columns could be the label: 'y', 'Label'",
        "choose one with label=; the columns are 'y', 'Label', 'p'",
    ),
    "several predictions": (
        "y,prob,p",
        ColumnChoice(),
        "several columns could be the prediction: 'prob', 'p'",
        "choose one with prediction=; the columns are 'y', 'prob', 'p'",
    ),
    "twice the same name, guessed": (
        "y,p,p",
        ColumnChoice(),
        "several columns could be the prediction: 'p', 'p'",
        "choose one with prediction=; the columns are 'y', 'p', 'p'",
    ),
    "twice the same name, asked for": (
        "y,p,p",
        ColumnChoice(prediction="p"),
        "several columns are called 'p': #2 and #3",
        "choose one by its place, such as #2",
    ),
    "misspelt": (
        "id,outcome_2024,p",
        ColumnChoice(label="outcome_2042"),
        "there is no column 'outcome_2042'; did you mean 'outcome_2024'?",
        "the columns are 'id', 'outcome_2024', 'p'",
    ),
    "unlike any": (
        "id,y,p",
        ColumnChoice(label="xxxx"),
        "there is no column 'xxxx'",
        THE_COLUMNS,
    ),
    "#0": ("id,y,p", ColumnChoice(label="#0"), "there is no column #0, only 3", THE_COLUMNS),
    "#9": ("id,y,p", ColumnChoice(id="#9"), "there is no column #9, only 3", THE_COLUMNS),
    "#x": ("id,y,p", ColumnChoice(id="#x"), "there is no column '#x'", THE_COLUMNS),
    "#¹": ("id,y,p", ColumnChoice(id="#¹"), "there is no column '#¹'", THE_COLUMNS),
    "one for both": (
        "id,y,p",
        ColumnChoice(label="p"),
        "column 'p' cannot be both label and prediction",
        "label= or prediction= names another column",
    ),
    "one for both, by place": (
        "id,y,p",
        ColumnChoice(label="#3", prediction="p"),
        "column 'p' cannot be both label and prediction",
        "label= or prediction= names another column",
    ),
    "id is the label": (
        "id,y,p",
        ColumnChoice(id="y"),
        "column 'y' cannot be the id as well",
        "every row has a number of its own without an id",
    ),
    "escapes": (
        "\x1b[2J,p",
        ColumnChoice(label="\u202ey"),
        r"there is no column '\u202ey'",
        r"the columns are '\x1b[2J', 'p'",
    ),
    "a segment twice": (
        "id,y,p",
        ColumnChoice(segments=("id", "#1")),
        "column 'id' was named as a segment more than once",
        None,
    ),
}


@pytest.mark.few(10)
@pytest.mark.parametrize(("header", "choice", "message", "hint"), UNCLEAR.values(), ids=UNCLEAR)
def test_an_unclear_choice_lists_the_columns(
    header: str, choice: ColumnChoice, message: str, hint: str | None
) -> None:
    with pytest.raises(DataError) as caught:
        find_columns(header.split(","), choice, PLACE)
    assert (caught.value.message, caught.value.hint) == (f"{PLACE}: {message}", hint)


def test_of_many_columns_only_twenty_are_listed() -> None:
    with pytest.raises(DataError) as caught:
        find_columns([f"c{i}" for i in range(25)], ColumnChoice(), PLACE)
    listed = ", ".join(f"'c{i}'" for i in range(20))
    expected = f"the columns are {listed} and 5 more"
    assert (
        caught.value.hint == f"choose one with label=, or a file of labels with labels=; {expected}"
    )


def test_a_column_in_another_case_is_suggested() -> None:
    with pytest.raises(DataError, match=r"there is no column 'label'; did you mean 'Label'\?"):
        find_columns(["Label", "p"], ColumnChoice(label="label"), "preds.csv")


OR_FILE = "choose one with label=, or a file of labels with labels=;"


@pytest.mark.parametrize("name", LOGIT_NAMES)
def test_logits_have_names_of_their_own(name: str) -> None:
    header = ["y", "p", name.title()]
    assert find_columns(header, ColumnChoice(), PLACE).prediction_name == "p"
    assert find_columns(header, ColumnChoice(of_logits=True), PLACE).prediction_name == name.title()
    assert find_columns(["y", "p"], ColumnChoice(of_logits=True), PLACE).prediction_name == "p"


@pytest.mark.parametrize(
    ("header", "choice", "message", "hint"),
    [
        (
            ["y", "logit"],
            ColumnChoice(),
            "no column has a customary name for the prediction, such as 'prediction'",
            "logits=True takes column 'logit', if it holds log-odds",
        ),
        (
            ["y:p"],
            ColumnChoice(label="#2"),
            "there is no column #2, only 1",
            "the only column is 'y:p'; delimiter=':' would part it",
        ),
        (
            ["y|p"],
            ColumnChoice(),
            "no column has a customary name for the label, such as 'label'",
            f"{OR_FILE} the only column is 'y|p'; delimiter='|' would part it",
        ),
        (
            ["p"],
            ColumnChoice(label="#2"),
            "there is no column #2, only 1",
            "the only column is 'p'",
        ),
    ],
)
def test_a_hint_carries_the_fix(
    header: list[str], choice: ColumnChoice, message: str, hint: str
) -> None:
    with pytest.raises(DataError) as caught:
        find_columns(header, choice, PLACE)
    assert (caught.value.message, caught.value.hint) == (f"{PLACE}: {message}", hint)
