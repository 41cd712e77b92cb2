"""Labels from another file: joined by the text of a key, and no row lost without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.corpus.cases import TWO, Case, Rows, bad, each, good
from tests.corpus.columnar import arrow_file, parquet, table
from tests.corpus.packing import PACK

if TYPE_CHECKING:
    from collections.abc import Callable

PREDS = "id,p\na,.5\nb,.25\n"
TRUTH = "id,y\na,1\nb,0\n"
JOIN = ("--labels", "truth.csv", "--on", "id")
INNER = (*JOIN, "--join", "inner")
BOTH = r"(preds|truth)\.csv.*"


def joined(truth: Any, preds: Any = PREDS, rows: Rows = TWO, *options: str, **rest: Any) -> Case:  # noqa: ANN401
    """Say which rows two files stand for together."""
    return good(preds, rows, *JOIN, *options, files={"truth.csv": truth}, **rest)


def refused(truth: Any, error: str, preds: Any = PREDS, *options: str, **rest: Any) -> Case:  # noqa: ANN401
    """Say what is wrong with two files."""
    return bad(preds, error, *JOIN, *options, files={"truth.csv": truth}, **rest)


SOUND = {
    "same order": joined(TRUTH),
    "another order": joined("id,y\nb,0\na,1\n"),
    "rows keep the order of the predictions": joined(
        "id,y\nb,1\na,1\nc,0\n",
        "id,p\nc,.5\na,.25\nb,0\n",
        ((0, 0.5), (1, 0.25), (1, 0.0)),
        facts={"first_impossible_row": 3},
    ),
    "columns in another order": joined("y,t,id\n1,x,a\n0,x,b\n", "p,id\n.5,a\n.25,b\n"),
    "a label in the predictions too": joined(TRUTH, "id,y,p\na,0,.5\nb,1,.25\n"),
    "a prediction in the labels too": joined("id,y,p\na,1,.9\nb,0,.9\n"),
    "zeros in front count": joined("id,y\n007,1\n7,0\n", "id,p\n007,.5\n7,.25\n"),
    "whole and decimal keys differ": joined("id,y\n1,1\n1.0,0\n", "id,p\n1,.5\n1.0,.25\n"),
    "keys beyond 64 bits": joined(
        "id,y\n10000000000000000000000001,1\n10000000000000000000000002,0\n",
        "id,p\n10000000000000000000000001,.5\n10000000000000000000000002,.25\n",
    ),
    "keys beyond 53 bits": joined(
        "id,y\n9007199254740993,1\n9007199254740992,0\n",
        "id,p\n9007199254740993,.5\n9007199254740992,.25\n",
    ),
    "case counts": joined("id,y\nA,1\na,0\n", "id,p\nA,.5\na,.25\n"),
    "NA, nan and null are keys": joined(
        "id,y\nNA,1\nnan,0\nnull,1\n",
        "id,p\nnull,.5\nNA,.5\nnan,.25\n",
        ((1, 0.5), (1, 0.5), (0, 0.25)),
    ),
    "true and 1 differ": joined("id,y\ntrue,1\n1,0\n", "id,p\ntrue,.5\n1,.25\n"),
    "quoted keys": joined('id,y\n"a,1",1\n"b\n",0\n', 'id,p\n"a,1",.5\n"b\n",.25\n'),
    "quotes do not count": joined('id,y\n"a",1\nb,0\n', 'id,p\na,.5\n"b",.25\n'),
    "accents": joined("id,y\n\xe9,1\ne\u0301,0\n", "id,p\n\xe9,.5\ne\u0301,.25\n"),
    "a byte order mark in one": joined("\ufeff" + TRUTH),
    "semicolons in one": joined(TRUTH.replace(",", ";")),
    "CRLF in one": joined(TRUTH.replace("\n", "\r\n")),
    "UTF-16 in one": joined(TRUTH.encode("utf-16")),
    "one compressed": joined(lambda: PACK["gz"](TRUTH.encode())),
    "labels in JSON Lines": joined('{"id":"a","y":true}\n{"id":"b","y":false}\n'),
    "labels in Parquet": joined(lambda: parquet(table(id=(["b", "a"],), y=([0, 1],)))),
    "labels in Arrow, predictions in Parquet": joined(
        lambda: arrow_file(table(id=(["b", "a"],), y=([0, 1],))),
        lambda: parquet(table(id=(["a", "b"],), p=([0.5, 0.25],))),
    ),
    "numbers as keys in Parquet, text in CSV": joined(
        lambda: parquet(table(id=([2, 1],), y=([0, 1],))), "id,p\n1,.5\n2,.25\n"
    ),
    "numbers as keys in JSON": joined('{"id":2,"y":0}\n{"id":1,"y":1}\n', "id,p\n1,.5\n2,.25\n"),
    "words as labels": joined("id,y\na,yes\nb,no\n", PREDS, TWO, "--positive", "yes"),
    "soft labels": joined("id,y\na,.3\nb,1\n", PREDS, ((0.3, 0.5), (1, 0.25)), "--soft-labels"),
    "names that are chosen": joined(
        "id,b\na,1\nb,0\n", "id,a\na,.5\nb,.25\n", TWO, "--label", "b", "--prediction", "a"
    ),
    "predictions from standard input": joined(TRUTH, name="-"),
    "several files of predictions": good(
        "id,p\na,.5\n",
        TWO,
        *JOIN,
        files={"truth.csv": TRUTH, "more.csv": "p,id\n.25,b\n"},
        sources=("preds.csv", "more.csv"),
    ),
    "one key": joined("id,y\na,1\n", "id,p\na,.5\n", ((1, 0.5),)),
    "nothing is unmatched": joined(TRUTH, PREDS, TWO, "--join", "all", facts={"n_unmatched": 0}),
    "100,000 keys, backwards": joined(
        "id,y\n" + "".join(f"k{i},{i % 2}\n" for i in range(100_000)),
        "id,p\n" + "".join(f"k{i},{0.25 + i % 2 / 4}\n" for i in reversed(range(100_000))),
        TWO * 50_000,
    ),
}


@each(SOUND)
def test_labels_are_joined_by_the_text_of_their_key(
    case: Case, judge: Callable[[Case], None]
) -> None:
    judge(case)


BROKEN = {
    "a prediction without a label": refused("id,y\na,1\n", BOTH + "'b'"),
    "a label without a prediction": refused(TRUTH + "c,1\n", BOTH + "'c'"),
    "several labels without a partner": refused(
        TRUTH + "".join(f"k{i},1\n" for i in range(1234)), BOTH + r"'k0'.*\b1,?2[23]\d\b"
    ),
    "several predictions without a partner": refused(
        TRUTH, BOTH + r"'k0'.*\b1,?2[23]\d\b", PREDS + "".join(f"k{i},1\n" for i in range(1234))
    ),
    "zeros in front": refused("id,y\n1,1\n2,0\n", BOTH + "'01'", "id,p\n01,.5\n02,.25\n"),
    "another case": refused("id,y\nA,1\nb,0\n", BOTH + "'a'"),
    "another normal form": refused("id,y\n\xe9,1\n", BOTH, "id,p\ne\u0301,.5\n"),
    "1 and 1.0": refused("id,y\n1.0,1\n2.0,0\n", BOTH + "'1'", "id,p\n1,.5\n2,.25\n"),
    "a label twice": refused(TRUTH + "a,1\n", r"truth\.csv.*'a'"),
    "a label twice, and both differ": refused(TRUTH + "a,0\n", r"truth\.csv.*'a'"),
    "a prediction twice": refused(TRUTH, r"preds\.csv.*'a'", PREDS + "a,.5\n"),
    "a prediction twice in two files": bad(
        PREDS,
        r"preds\.csv, more\.csv, row [34]: the key 'a'",
        *JOIN,
        sources=("preds.csv", "more.csv"),
        files={"truth.csv": TRUTH, "more.csv": PREDS},
    ),
    "an empty key of a label": refused(
        "id,y\na,1\n,0\n", r"truth\.csv, (line|row) [23]: .*(empty|missing)"
    ),
    "an empty key of a prediction": refused(
        TRUTH, r"preds\.csv, (line|row) [12]: .*(empty|missing)", "id,p\n,.5\nb,.25\n"
    ),
    "a null key": refused('{"id":"a","y":1}\n{"id":null,"y":0}\n', r"truth\.csv, (line|row) 2: "),
    "no key in a line of JSON": refused(
        '{"id":"a","y":1}\n{"y":0}\n', r"truth\.csv, (line|row) 2: "
    ),
    "no key column among labels": refused("key,y\na,1\n", r"truth\.csv: there is no column 'id'"),
    "no key column among predictions": refused(
        TRUTH, r"preds\.csv: there is no column 'id'", "key,p\na,.5\n"
    ),
    "no label column": refused("id,t,u\na,1,1\n", r"truth\.csv: .*label"),
    "no prediction column": refused(TRUTH, r"preds\.csv: .*prediction", "id,t,u\na,.5,1\n"),
    "a twofold key column": refused("id,y,id\na,1,a\n", r"truth\.csv: .*'id'.*#1.*#3"),
    "a bad label": refused("id,y\na,1\nb,2\n", r"truth\.csv, (line 3|row 2): label 2\b"),
    "a missing label": refused("id,y\na,1\nb,\n", r"truth\.csv, (line 3|row 2): label"),
    "a bad prediction": refused(
        TRUTH, r"preds\.csv, (line 3|row 2): prediction 1\.5", "id,p\na,.5\nb,1.5\n"
    ),
    "a missing prediction": refused(
        TRUTH, r"preds\.csv, (line 3|row 2): prediction", "id,p\na,.5\nb,\n"
    ),
    "a ragged row of labels": refused("id,y\na,1\nb\n", r"truth\.csv, line 3: 1 field"),
    "a third word": refused(
        "id,y\na,x\nb,y\nc,z\n",
        r"truth\.csv, (line 4|row 3): .*'z'",
        PREDS + "c,.5\n",
        "--positive",
        "x",
    ),
    "no labels at all": refused("id,y\n", r"truth\.csv: .*no rows"),
    "an empty file of labels": refused("", r"truth\.csv: .*empty"),
    "a key with escapes": refused("id,y\na,1\n\x1b[2J\u202e,0\n", BOTH + r"'(b|\\x1b\[2J\\u202e)'"),
    "a key with markup": refused("id,y\na,1\nb,0\n[/x],0\n", BOTH + r"'\[/x\]'"),
    "no UTF-8 in a key": refused(b"id,y\na,1\n\xff,0\n", r"truth\.csv.*'\\xff'"),
    "truncated labels": refused(lambda: PACK["gz"](TRUTH.encode())[:-6], r"truth\.csv: "),
    "inner, no partners": refused("id,y\nc,1\n", BOTH, PREDS, "--join", "inner"),
    "inner, a label twice": refused(TRUTH + "a,1\n", r"truth\.csv.*'a'", PREDS, "--join", "inner"),
    "inner, an empty key": refused(
        TRUTH + ",1\n", r"truth\.csv.*(empty|missing)", PREDS, "--join", "inner"
    ),
    "no file of labels": bad(PREDS, r"truth\.csv: no such file", *JOIN, code=66),
    "a key and no labels": bad(PREDS, r".*--labels", "--on", "id", code=2),
    "a join and no labels": bad("y,p\n1,.5\n", r".*--labels", "--join", "inner", code=2),
    "an unknown join": refused(TRUTH, r".*--join", PREDS, "--join", "outer", code=2),
    "standard input for both": bad(
        PREDS, r".*standard input", "--labels", "-", "--on", "id", name="-", code=2
    ),
}


@each(BROKEN)
def test_a_key_without_its_one_partner_is_refused(
    case: Case, judge: Callable[[Case], None]
) -> None:
    judge(case)


INNERS = {
    "a prediction without a label": joined(
        TRUTH, PREDS + "c,.9\n", TWO, "--join", "inner", facts={"n_unmatched": 1}, said="1"
    ),
    "a label without a prediction": joined(
        TRUTH + "c,1\nd,1\n", PREDS, TWO, "--join", "inner", facts={"n_unmatched": 2}, said="2"
    ),
    "both": joined(
        TRUTH + "d,1\n",
        "id,p\nc,.9\n" + PREDS[5:],
        TWO,
        "--join",
        "inner",
        facts={"n_unmatched": 2},
    ),
    "none": joined(TRUTH, PREDS, TWO, "--join", "inner", facts={"n_unmatched": 0}),
    "missing ones are another matter": joined(
        TRUTH + "c,\n",
        PREDS + "c,.9\nd,.9\n",
        TWO,
        *("--join", "inner", "--missing", "drop"),
        facts={"n_unmatched": 1, "n_missing": 1},
    ),
    "missing labels are dropped": joined(
        TRUTH + "c,NA\n", PREDS + "c,.9\n", TWO, "--missing", "drop", facts={"n_missing": 1}
    ),
    "missing predictions are dropped": joined(
        TRUTH + "c,1\n", PREDS + "c,\n", TWO, "--missing", "drop", facts={"n_missing": 1}
    ),
}


@each(INNERS)
def test_rows_that_are_left_out_are_counted(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)
