"""Folders and patterns on this machine stand for the files in them, sorted, each once."""

from __future__ import annotations

import gzip
import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bce_cli.data.parts import Part
from bce_cli.errors import EmptyInputError, InputError
from bce_cli.readers.grammar import InputOptions
from bce_cli.storage.sources import Source, sources_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

HEADER = "y,p\n"
ROWS = ("1,0.9\n", "0,0.2\n", "1,0.7\n", "0,0.4\n")
WHAT_COUNTS = "bce: names that begin with . or _ do not count"


def make(*paths: str) -> None:
    """Write a file of predictions at each path; the first has row 0, and so on."""
    for index, path in enumerate(paths):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(HEADER + ROWS[index % len(ROWS)])


def names(path: str) -> list[str]:
    return [source.path for source in sources_of(path)]


@pytest.fixture
def tree() -> None:
    """Make nested parts, with what writers of parts leave behind."""
    make(
        "parts/b.csv",
        "parts/a.csv",
        "parts/day=2/x.csv",
        "parts/day=1/deep/y.csv",
        "parts/_SUCCESS",
        "parts/.b.csv.crc",
        "parts/_temporary/z.csv",
        "parts/.hidden/z.csv",
        "parts/_day=1/p.csv",
    )


VISIBLE = [
    "parts/_day=1/p.csv",
    "parts/a.csv",
    "parts/b.csv",
    "parts/day=1/deep/y.csv",
    "parts/day=2/x.csv",
]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("path", ["parts", "parts/"])
def test_a_folder_stands_for_its_files_without_hidden_ones(path: str) -> None:
    assert names(path) == VISIBLE


@pytest.mark.usefixtures("tree")
def test_a_folder_is_the_same_data_set_as_its_files(bce: Callable[..., Result]) -> None:
    whole = bce("compute", "parts", "-f", "json", "-l", "y", "-p", "p")
    single = bce("compute", *VISIBLE, "-f", "json", "-l", "y", "-p", "p")
    assert whole.exit_code == 0
    expected = json.loads(single.stdout)
    assert json.loads(whole.stdout) == expected | {"source": "parts"}
    assert expected["n"] == 5


@pytest.mark.usefixtures("tree")
def test_rows_are_numbered_over_all_parts(bce: Callable[..., Result]) -> None:
    lines = bce("compute", "parts", "--per-example", "-f", "csv").stdout.splitlines()
    assert [line.split(",")[0] for line in lines] == ["row", "1", "2", "3", "4", "5"]


PATTERNS: dict[str, list[str]] = {
    "parts/*.csv": ["parts/a.csv", "parts/b.csv"],
    "parts/?.csv": ["parts/a.csv", "parts/b.csv"],
    "parts/[!a].csv": ["parts/b.csv"],
    "parts/*": VISIBLE,
    "parts/_*": ["parts/_SUCCESS", "parts/_day=1/p.csv", "parts/_temporary/z.csv"],
    "parts/day=*/*.csv": ["parts/day=2/x.csv"],
    "parts/day=*": ["parts/day=1/deep/y.csv", "parts/day=2/x.csv"],
    "parts/day=*/": ["parts/day=1/deep/y.csv", "parts/day=2/x.csv"],
    "parts/**/*.csv": VISIBLE,
    "parts/**": VISIBLE,
    "parts/**/deep/*": ["parts/day=1/deep/y.csv"],
    "**/day=1": ["parts/day=1/deep/y.csv"],
    "**/x.csv": ["parts/day=2/x.csv"],
    "*/a.csv": ["parts/a.csv"],
    "*/.b*": ["parts/.b.csv.crc"],
}


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_stands_for_what_it_matches(pattern: str) -> None:
    assert names(pattern) == PATTERNS[pattern]
    absolute = f"{Path.cwd()}/{pattern}"
    assert names(absolute) == [f"{Path.cwd()}/{path}" for path in PATTERNS[pattern]]


def test_what_is_called_just_so_wins_over_its_reading_as_a_pattern() -> None:
    make("a[1].csv", "a1.csv", "d*/x.csv", "dd/x.csv", "q?.csv", "qq.csv")
    assert names("a[1].csv") == ["a[1].csv"]
    assert names("d*") == ["d*/x.csv"]
    assert names("d*/*.csv") == ["d*/x.csv"]
    assert names("q?.csv") == ["q?.csv"]
    assert names("a[[]1].csv") == ["a[1].csv"]


def test_what_links_lead_to_counts_once() -> None:
    make("parts/a.csv", "parts/sub/b.csv", "elsewhere/c.csv", "beside.csv")
    Path("parts/latest.csv").symlink_to("a.csv")
    Path("parts/again").symlink_to("sub")
    Path("parts/loop").symlink_to(".")
    Path("parts/above").symlink_to("..")
    Path("parts/other").symlink_to("../elsewhere")
    Path("elsewhere/back").symlink_to("../parts")
    expected = ["parts/a.csv", "parts/other/c.csv", "parts/sub/b.csv"]
    assert names("parts") == expected
    Path("link").symlink_to("parts")
    assert names("link") == [path.replace("parts/", "link/") for path in expected]


def test_a_link_that_leads_nowhere_is_named() -> None:
    make("parts/a.csv")
    Path("parts/b.csv").symlink_to("gone.csv")
    with pytest.raises(InputError, match=r"^parts/b\.csv: no such file or directory\n") as caught:
        sources_of("parts")
    assert caught.value.hint == "it is a link that leads nowhere"


def test_a_pipe_in_a_folder_is_no_part_of_it() -> None:
    make("parts/a.csv")
    os.mkfifo("parts/pipe")
    assert names("parts") == ["parts/a.csv"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("empty", "empty: there are no data files in this folder"),
        (".", ".: there are no data files in this folder"),
        ("none/*.csv", "none/*.csv: no file matches this pattern"),
        ("empty/**", "empty/**: no file matches this pattern"),
        ("x[\x1b]", r"x[\x1b]: no file matches this pattern"),
    ],
)
def test_nothing_to_read_is_an_error(path: str, said: str, bce: Callable[..., Result]) -> None:
    Path("empty").mkdir()
    Path("empty/_SUCCESS").touch()
    done = bce("compute", path)
    assert (done.stdout, done.exit_code) == ("", 66)
    assert done.stderr.splitlines() == [f"bce: error: {said}", WHAT_COUNTS]


def test_a_folder_that_may_not_be_read_is_named(
    bce: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    make("parts/a.csv", "parts/sub/b.csv")
    listed = os.scandir

    def refusing(path: str) -> object:
        if path.endswith("sub"):
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", refusing)  # root may read any folder
    done = bce("compute", "parts")
    assert (done.stdout, done.exit_code) == ("", 66)
    assert done.stderr == "bce: error: parts/sub: permission denied\n"


def test_a_fault_names_the_part(bce: Callable[..., Result]) -> None:
    make("parts/a.csv")
    Path("parts/b.csv").write_text("y,p\n1,.5\n1,x\n")
    done = bce("compute", "parts", "-q")
    said = "parts/b.csv, line 3: prediction 'x' (column 'p') is not a number"
    assert done.stderr.splitlines()[0] == f"bce: error: {said}"
    assert done.exit_code == 65


@pytest.mark.parametrize("source", ["parts", "parts/*.csv", "file:parts"])
@pytest.mark.parametrize("command", ["compute", "check --max-loss 1"])
def test_no_part_is_overwritten(source: str, command: str, bce: Callable[..., Result]) -> None:
    make("parts/a.csv", "parts/b.csv")
    if source.startswith("file:"):
        source = f"file://{Path.cwd()}/parts"
    done = bce(*command.split(), source, "-o", "parts/b.csv")
    assert done.exit_code == 73
    assert done.stderr.splitlines()[-2:] == [
        "bce: error: parts/b.csv: the output would overwrite an input",
        "bce: choose another file for --output",
    ]
    assert Path("parts/b.csv").read_text() == HEADER + ROWS[1]


@pytest.mark.parametrize(
    ("command", "option", "place"),
    [
        ("report", "--output", "parts/report.html"),
        ("compute", "--output", "./parts/a=1/../found.json"),
        ("recalibrate", "--save", "link/map.json"),
    ],
)
def test_nothing_is_put_beside_the_parts_that_the_next_run_would_read(
    command: str, option: str, place: str, bce: Callable[..., Result]
) -> None:
    make("parts/a.csv", "parts/b.csv", "parts/a=1/c.csv")
    Path("link").symlink_to("parts")
    done = bce(command, "parts", option, place)
    assert (done.exit_code, done.stdout) == (73, "")
    assert done.stderr == (
        f"bce: error: {place}: the output would lie in a folder that is read\n"
        f"bce: choose another folder for {option}\n"
    )
    assert sorted(path.name for path in Path("parts").iterdir()) == ["a.csv", "a=1", "b.csv"]


def test_what_is_no_part_by_its_name_may_be_put_beside_the_parts(
    bce: Callable[..., Result],
) -> None:
    make("parts/a.csv", "parts/b.csv")
    for place in ("parts/_found.json", "found.json", "parts/.kept/found.json"):
        Path(place).parent.mkdir(exist_ok=True)
        assert bce("compute", "parts", "-o", place).exit_code == 0
    assert bce("compute", "parts/*.csv", "-o", "parts/found.json").exit_code == 0


def test_labels_and_models_may_be_folders(bce: Callable[..., Result]) -> None:
    for name, text in {
        "old/1.csv": "id,p\na,0.5\n",
        "old/2.csv": "id,p\nb,0.25\n",
        "new.csv": "id,p\nb,0.5\na,0.5\n",
        "truth/1.csv": "id,y\nb,0\n",
        "truth/2.csv": "id,y\na,1\n",
    }.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    joined = ("--labels", "truth/", "--on", "id", "-f", "json")
    report = json.loads(bce("compute", "old/*.csv", *joined).stdout)
    assert (report["n"], report["labels_source"], report["source"]) == (2, "truth/", "old/*.csv")
    compared = bce("compare", "old/", "new.csv", *joined)
    assert compared.exit_code == 0
    models = json.loads(compared.stdout)["models"]
    assert [(model["name"], model["mean_loss"]) for model in models] == [
        ("old", report["mean_loss"]),
        ("new.csv", 0.6931471805599453),
    ]


def test_a_file_address_is_a_path(bce: Callable[..., Result]) -> None:
    make("a b.csv")
    address = f"file://{Path.cwd()}/a%20b.csv"
    done = bce("compute", address, "-f", "json", "-l", "y", "-p", "p")
    assert json.loads(done.stdout)["source"] == address
    missing = bce("compute", "file:///no/such.csv")
    said = ["bce: error: file:///no/such.csv: no such file or directory"]
    assert missing.stderr.splitlines() == [*said, "bce: there is no folder '/no'"]


SAME = {
    "with a dot": ("x.csv ./x.csv", "x.csv and ./x.csv are the same file"),
    "just so": ("x.csv parts x.csv", "x.csv is named twice"),
    "an absolute path": ("x.csv {cwd}/x.csv", "x.csv and {cwd}/x.csv are the same file"),
    "an address": ("x.csv file://{cwd}/x.csv", "x.csv and file://{cwd}/x.csv are the same file"),
    "a link": ("x.csv link.csv", "x.csv and link.csv are the same file"),
    "a hard link": ("parts x.csv hard.csv", "x.csv and hard.csv are the same file"),
    "a folder and a file in it": (
        "parts parts/a.csv",
        "parts/a.csv is in parts and in parts/a.csv",
    ),
    "two patterns": (
        "parts/*.csv parts/[a-b].*",
        "parts/a.csv is in parts/*.csv and in parts/[a-b].*",
    ),
    "a folder and a link to it": ("parts again", "parts/a.csv and again/a.csv are the same file"),
    "hard links in a folder": (".", "./hard.csv and ./x.csv are the same file"),
    "links that match a pattern": ("l*.csv x*", "link.csv and x.csv are the same file"),
}


@pytest.fixture
def links() -> None:
    make("x.csv", "parts/a.csv", "parts/b.csv")
    Path("link.csv").symlink_to("x.csv")
    os.link("x.csv", "hard.csv")
    Path("again").symlink_to("parts")


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize(("paths", "what"), SAME.values(), ids=SAME)
def test_a_file_that_would_count_twice_is_refused(
    paths: str, what: str, bce: Callable[..., Result]
) -> None:
    done = bce("compute", "-q", *paths.format(cwd=Path.cwd()).split())
    assert (done.stdout, done.exit_code) == ("", 2)
    assert done.stderr.splitlines() == [
        f"bce: error: {what.format(cwd=Path.cwd())}: its rows would count twice",
        "bce: name each file once",
    ]


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("command", ["calibration", "check --max-loss 9"])
def test_other_commands_refuse_it_too(command: str, bce: Callable[..., Result]) -> None:
    done = bce(*command.split(), "x.csv", "link.csv")
    assert (done.stdout, done.exit_code) == ("", 2)
    assert "x.csv and link.csv are the same file" in done.stderr


@pytest.mark.usefixtures("links")
def test_a_model_and_its_labels_may_come_from_one_file(bce: Callable[..., Result]) -> None:
    compared = bce("compare", "x.csv", "./x.csv", "-f", "json")
    old, new = json.loads(compared.stdout)["models"]
    assert old == new | {"name": "x.csv"}
    Path("x.csv").write_text("id,y,p\na,1,0.5\n")
    joined = bce("compute", "x.csv", "--labels", "x.csv", "--on", "id", "-q")
    assert joined.stdout == "0.6931471805599453\n"


def test_an_address_that_is_named_twice_is_refused(bce: Callable[..., Result]) -> None:
    done = bce("compute", "https://127.0.0.1/a%20b.csv", "HTTPS://127.0.0.1:443/a b.csv#top")
    assert done.exit_code == 2
    assert done.stderr.splitlines()[0].endswith(" are the same file: its rows would count twice")


LOGS = {
    "parts/_delta_log/00000000000000000000.json": ("a Delta table", "deltalake or DuckDB"),
    "parts/metadata/v1.metadata.json": ("an Iceberg table", "pyiceberg or DuckDB"),
    "parts/metadata/00003-1f0e8c52-7a35-4b0d-9a0e-6b1f2f0c8a11.gz.metadata.json": (
        "an Iceberg table",
        "pyiceberg or DuckDB",
    ),
    "parts/metadata/00001-abc.metadata.json": ("an Iceberg table", "pyiceberg or DuckDB"),
    "parts/metadata/snap.metadata.json.gz": ("an Iceberg table", "pyiceberg or DuckDB"),
    "parts/.hoodie/hoodie.properties": ("a Hudi table", "Spark or hudi"),
}
INTO_IT = ["parts", "parts/", ".", "parts/*.csv", "parts/day=1", "parts/day=*/*.csv", "**/x.csv"]


@pytest.mark.few(14)
@pytest.mark.parametrize("path", INTO_IT)
@pytest.mark.parametrize("log", LOGS)
def test_a_table_that_keeps_a_log_is_refused(
    log: str, path: str, bce: Callable[..., Result]
) -> None:
    make("parts/a.csv", "parts/day=1/x.csv", log)
    what, reader = LOGS[log]
    done = bce("compute", path)
    assert (done.stdout, done.exit_code) == ("", 66)
    said, hint = done.stderr.splitlines()
    assert said.endswith(f"parts: it is {what}, in which not every file counts") or (
        path == "parts/"
        and said == f"bce: error: parts/: it is {what}, in which not every file counts"
    )
    assert hint.startswith(f"bce: read it with {reader}")


def test_a_file_of_such_a_table_may_be_named(bce: Callable[..., Result]) -> None:
    make("parts/a.csv", "parts/_delta_log/0.json", "other/metadata/x.json", "other/b.csv")
    assert bce("compute", "parts/a.csv", "-q").exit_code == 0
    Path("other/metadata/x.json").rename("other/metadata/_metadata.json")
    assert bce("compute", "other", "-q").exit_code == 0


LEFT = ["a.csv~", "b.csv.bak", "c.csv.tmp", "#a.csv#", "d.csv.orig", "e.csv.crdownload"]
LEFT += ["Thumbs.db", "f.csv.swp", "g.csv.crc", "old.bak/h.csv"]


def test_what_programs_leave_behind_is_passed_over_and_said(bce: Callable[..., Result]) -> None:
    make("parts/a.csv", "parts/.a.csv.swp", "parts/_SUCCESS", *(f"parts/{name}" for name in LEFT))
    single = bce("compute", "parts/a.csv", "-q")
    for path in ("parts", "parts/*", "parts/**"):
        done = bce("compute", path, "-f", "json", "-l", "y", "-p", "p")
        assert json.loads(done.stdout)["n"] == 1
        shown = "#a.csv#, Thumbs.db, a.csv~, b.csv.bak, c.csv.tmp and 5 more"
        assert done.stderr == f"bce: {path}: passed over 10 files: {shown}\n"
        assert bce("compute", path, "-q").stdout == single.stdout
    few = bce("compute", "parts/a.csv*", "-f", "json", "-l", "y", "-p", "p")
    assert few.stderr == "bce: parts/a.csv*: passed over 1 file: a.csv~\n"


def test_a_leftover_that_is_named_is_read(bce: Callable[..., Result]) -> None:
    make("parts/a.csv", "parts/b.csv.bak", "old.bak/a.csv")
    for path in ("parts/b.csv.bak", "parts/*.bak", "old.bak", "old.bak/*.csv", "*.bak"):
        done = bce("compute", path, "-f", "json", "-l", "y", "-p", "p")
        assert (done.exit_code, done.stderr) == (0, "")
        assert json.loads(done.stdout)["n"] == 1


def test_a_folder_of_leftovers_alone_holds_no_data(bce: Callable[..., Result]) -> None:
    make("parts/a.csv~")
    done = bce("compute", "parts")
    assert (done.stdout, done.exit_code) == ("", 66)
    assert done.stderr.splitlines() == [
        "bce: error: parts: there are no data files in this folder",
        "bce: passed over 1 file: a.csv~",
    ]


def test_empty_files_of_a_folder_add_no_rows_and_are_said(bce: Callable[..., Result]) -> None:
    Path("parts").mkdir()
    contents = {
        "0.csv": b"",
        "1.csv.gz": gzip.compress(b""),
        "2.csv": b"\n\n",
        "3.csv": b"y,p\n1,.5\n",
        "4.csv": b"y,p\n",
        "5.jsonl": b"",
        "6.json": b"[]",
        "7.csv": b"y,p\n0,.25\n",
    }
    for name, content in contents.items():
        Path("parts", name).write_bytes(content)
    options = ("-f", "json", "-l", "y", "-p", "p")
    for path in ("parts", "parts/*"):
        done = bce("compute", path, *options)
        assert json.loads(done.stdout)["n"] == 2
        assert done.stderr.splitlines() == [
            f"bce: {path}: passed over 2 empty files: 0.csv, 5.jsonl",
            "bce: parts/1.csv.gz: it is empty, and adds no rows",
            "bce: parts/2.csv: it is empty, and adds no rows",
            "bce: parts/6.json: it is empty, and adds no rows",
        ]


def test_an_empty_file_that_is_named_is_an_error(bce: Callable[..., Result]) -> None:
    make("parts/a.csv")
    Path("parts/b.csv").touch()
    hint = "bce: its first line must name the columns\n"
    for paths in (("parts/b.csv",), ("parts/a.csv", "parts/b.csv"), ("parts/b*",)):
        done = bce("compute", *paths, "-f", "json")
        error = "bce: error: parts/b.csv: the input is empty\n"
        assert (done.stdout, done.exit_code, done.stderr) == ("", 65, error + hint), paths


def test_workers_elsewhere_pass_over_an_empty_part_as_well() -> None:
    Path("a.csv.gz").write_bytes(gzip.compress(b""))
    with ExitStack() as opened:
        found = Part(Source("a.csv.gz", is_part=True), InputOptions()).open(opened)
        assert (found.note, found.n_rows) == ("a.csv.gz: it is empty, and adds no rows", 0)
        assert list(found.blocks) == []
        with pytest.raises(EmptyInputError, match=r"^a\.csv\.gz: the input is empty"):
            Part(Source("a.csv.gz"), InputOptions()).open(opened)
