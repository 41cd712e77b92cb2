"""Completion: the words that fit where a command line is being typed, and how shells ask for them.

Typer's own scripts lose what needs quoting, and its way to the words takes longer than reading a
header does. So bash, zsh and fish get scripts from here. They pass on the words of the line, and
get back a first line, ``files`` or ``words``, and then a word on each line, behind a tab perhaps
what it means. Columns are found without Typer, which takes longer to load than all else; what
options there are, and which values, Typer knows.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from bce_cli.readers.glance import Told

VARIABLE = "_BCE_COMPLETE"
_PREFIX = "words_"
_SEPARATOR = "\x1f"

SCRIPTS = {
    "bash": r"""_bce_completion() {
    local lines
    mapfile -t lines < <(_BCE_COMPLETE=words_bash _BCE_BEFORE="${COMP_LINE:0:COMP_POINT}" \
        _BCE_AFTER="${COMP_LINE:COMP_POINT}" _BCE_BREAKS="$COMP_WORDBREAKS" \
        "${1/#~\//$HOME/}" 2>/dev/null)
    COMPREPLY=()
    if [[ ${lines[0]-} == words ]]; then
        compopt +o default -o nosort 2>/dev/null
        COMPREPLY=("${lines[@]:1}")
    fi
}

complete -o default -F _bce_completion bce
""",
    "zsh": r"""#compdef bce

_bce_completion() {
    local -a lines values shown
    local line command=${(Q)words[1]}
    lines=("${(@f)$(_BCE_COMPLETE=words_zsh _BCE_WORDS="${(pj:\x1f:)${(@Q)words}}" \
        _BCE_AT=$((CURRENT - 1)) "${command/#\~\//$HOME/}" 2>/dev/null)}")
    [[ $PREFIX == -*=* ]] && compset -P 1 '*='
    if [[ $lines[1] != words ]]; then
        _files
        return
    fi
    for line in "${(@)lines[2,-1]}"; do
        values+=("${line%%$'\t'*}")
        shown+=("${line/$'\t'/  -- }")
    done
    if [[ "$lines" == *$'\t'* ]]; then
        compadd -l -V bce -d shown -a -- values
    else
        compadd -V bce -a -- values
    fi
}

if [[ $funcstack[1] == _bce ]]; then
    _bce_completion "$@"
else
    compdef _bce_completion bce
fi
""",
    "fish": r"""function _bce_completion
    set -l before (commandline -opc)
    set -l token (commandline -ct)
    set -l words (commandline -op | string join \x1f)
    set -l command (string replace -r '^~/' "$HOME/" -- $before[1])
    set -l lines (env _BCE_COMPLETE=words_fish _BCE_WORDS="$words" _BCE_AT=(count $before) \
        _BCE_TOKEN="$token" $command 2>/dev/null)
    if test "$lines[1]" = words
        string join \n -- $lines[2..-1]
    else
        set -l option (string match -r -- '^--[^=]*=' "$token")
        __fish_complete_path (string replace -- "$option" '' "$token") | \
            string replace -r '^' -- "$option"
    end
end

complete --command bce --no-files --keep-order --arguments "(_bce_completion)"
""",
}

SHELLS = (*SCRIPTS, "powershell", "pwsh")
"""Those that can be served; what has no script here has one of Typer's."""

CONVENTIONS = (
    *("exact", "sklearn", "sklearn-1.1", "torch", "keras", "tf-keras", "xgboost", "lightgbm"),
    *("lightgbm-xentropy", "catboost", "kaggle", "yardstick", "spark"),
)
"""Values of --like, which are spelled out where NumPy is needed."""

COLUMN_OPTIONS = frozenset(
    (
        *("--label", "-l", "--prediction", "-p", "--weight", "-w"),
        *("--id", "--by", "--cluster", "--order", "--on", "--against-column"),
    )
)
FLAGS = frozenset(
    (
        *("--help", "-h", "--version", "--quiet", "-q", "--brief", "--per-example", "--excel-safe"),
        *("--no-header", "--soft-labels", "--logits", "--no-logits", "--logit", "--fine-bins"),
        *("--confident", "--sort", "--stamp"),
    )
)
"""Options that take no value; all others do."""

_SOURCE_OPTIONS = ("--labels", "--against")

_WORDS = {
    "delimiter": ("tab", "space", "pipe", "semicolon", "comma"),
    "encoding": ("latin-1", "cp1252", "utf-16", "utf-8-sig"),
}
_MOST_FILES = 8
_LONGEST_HELP = 60


class Word(NamedTuple):
    """A word that fits, and perhaps what it means."""

    text: str
    help: str = ""


class Line(NamedTuple):
    """A command line that is being typed.

    Attributes
    ----------
    before, after : tuple of str
        The words before and behind the one that is being typed, without the command.
    typed : str
        That word, up to the cursor.
    """

    before: tuple[str, ...]
    typed: str = ""
    after: tuple[str, ...] = ()


def answered(environment: Mapping[str, str], group_of: Callable[[], Any]) -> bool:
    """Answer a shell, if one asks in our own way; nothing goes wrong, whatever happens.

    Parameters
    ----------
    environment : mapping of str to str
    group_of : callable () -> TyperGroup
        Loads Typer and all commands.
    """
    asked = environment.get(VARIABLE, "")
    shell = asked.removeprefix(_PREFIX)
    if shell == asked or shell not in SCRIPTS:
        return False
    with suppress(Exception):
        answer = _answer_to_bash if shell == "bash" else _answer_to_others
        text = answer(environment, group_of).encode("utf-8", "surrogateescape")
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
    return True


def words_for(line: Line, group_of: Callable[[], Any]) -> list[Word] | None:
    """Return the words that fit; None means files.

    Parameters
    ----------
    line : Line
    group_of : callable () -> TyperGroup
        Asked only where columns will not do.
    """
    option, sign, _ = line.typed.partition("=")
    if "--" in line.before:
        return _told_by_typer(line, group_of())
    if line.before in (("--show-completion",), ("--install-completion",)):
        return [Word(shell) for shell in SHELLS]
    found = _known(line.before[-1], line) if line.before else None
    if found is None and sign:
        found = _known(option, line)
        found = found and [Word(f"{option}={word.text}") for word in found]
    if found is not None:
        return found
    return _told_by_typer(line, group_of())


def _known(option: str, line: Line) -> list[Word] | None:
    """Return the values of an option that Typer need not be asked for; None for all others."""
    if option in COLUMN_OPTIONS:
        return _columns(line)
    if option == "--like":
        names = (*CONVENTIONS, "all") if "compute" in line.before[:1] else CONVENTIONS
        return [Word(name) for name in names]
    return None


def _answer_to_bash(environment: Mapping[str, str], group_of: Callable[[], Any]) -> str:
    """Answer with words as they have to be typed, without what stands before the last break."""
    text, breaks = environment["_BCE_BEFORE"], environment.get("_BCE_BREAKS", "")
    *before, typed = scanned(text)
    after = environment.get("_BCE_AFTER", "")
    rest = scanned(after)[0 if after[:1].isspace() else 1 :]
    line = Line(tuple(word.text for word in before[1:]), typed.text, tuple(w.text for w in rest))
    found = words_for(line, group_of)
    if found is None:
        return "files\n"
    kept = typed.kept(breaks)
    texts = [word.text for word in found if word.text.startswith(typed.text)]
    return "".join(f"{line}\n" for line in ["words", *(typed.quoted(t[kept:]) for t in texts)])


def _answer_to_others(environment: Mapping[str, str], group_of: Callable[[], Any]) -> str:
    """Answer with words as they are; these shells choose among them, and quote them."""
    words, at = environment["_BCE_WORDS"].split(_SEPARATOR), int(environment["_BCE_AT"])
    token = environment.get("_BCE_TOKEN")
    if token == "":
        words.insert(at, token)
    elif token is not None:
        words[at] = scanned(token)[-1].text
    line = Line(tuple(words[1:at]), words[at], tuple(words[at + 1 :]))
    found = words_for(line, group_of)
    if found is None:
        return "files\n"
    option, sign, _ = line.typed.partition("=")
    is_joined = bool(sign) and option.startswith("-") and token is None  # zsh has cut that off
    start = len(option) + 1 if is_joined else 0
    lines = (f"{word.text[start:]}\t{word.help}".rstrip("\t") for word in found)
    return "".join(f"{line}\n" for line in ["words", *lines])


class Typed(NamedTuple):
    """A word of a line of bash.

    Attributes
    ----------
    text : str
        What it stands for.
    quote : str
        A quote that is still open; else empty.
    plain : tuple of (int, str)
        Its characters that are not quoted, each with how much of `text` ends with it.
    n_before_quote : int
        How much of `text` stands before the open quote.
    """

    text: str
    quote: str = ""
    plain: tuple[tuple[int, str], ...] = ()
    n_before_quote: int = 0

    def kept(self, breaks: str) -> int:
        """Return how much of the text readline leaves alone when it puts in a word."""
        if self.quote:
            return self.n_before_quote
        return max((end for end, sign in self.plain if sign in breaks), default=0)

    def quoted(self, text: str) -> str:
        """Return text as it has to be typed where this word ends."""
        if self.quote == "'":
            return text.replace("'", r"'\''")
        if self.quote == '"':
            return re.sub(r'(["\\$`])', r"\\\1", text)
        return re.sub(r"([^\w@%+./-])", r"\\\1", text)


def scanned(text: str) -> list[Typed]:
    r"""Part a line of bash into words, the last of which is being typed, and may be empty.

    Examples
    --------
    >>> [word.text for word in scanned("bce compute 'my file' a\\ b --label \"c")]
    ['bce', 'compute', 'my file', 'a b', '--label', 'c']
    """
    words: list[Typed] = []
    found, quote, is_word, before_quote = "", "", False, 0
    plain: list[tuple[int, str]] = []
    signs = iter(text)
    for sign in signs:
        if not quote and sign.isspace():
            if is_word:
                words.append(Typed(found))
            found, is_word, plain = "", False, []
            continue
        is_word = True
        if sign == quote:
            quote = ""
        elif not quote and sign in "'\"":
            quote, before_quote = sign, len(found)
        elif sign == "\\" and quote != "'":
            follows = next(signs, "")
            keeps = quote and follows not in tuple('"\\$`')
            found += f"\\{follows}" if keeps else follows
        else:
            found += sign
            if not quote:
                plain.append((len(found), sign))
    return [*words, Typed(found, quote, tuple(plain), before_quote)]


def _columns(line: Line) -> list[Word]:
    """Return the names of the columns of the sources on a line, each once."""
    from bce_cli.readers.glance import names_in  # noqa: PLC0415 -- for this alone

    words = [*line.before, line.typed, *line.after]
    told = _told(words)
    found: dict[str, Word] = {}
    for path in list(dict.fromkeys(sources_among(words)))[:_MOST_FILES]:
        with suppress(Exception):  # it is no table, say
            found |= {name: Word(name) for name in names_in(path, told)}
    return list(found.values())


def sources_among(words: Sequence[str]) -> Iterator[str]:
    """Yield what may be a source on a line, the files of --labels and --against among it.

    Examples
    --------
    >>> list(sources_among("compute -l y a.csv -o b.csv --logits c.csv --labels=d.csv".split()))
    ['a.csv', 'c.csv', 'd.csv']
    >>> list(sources_among("apply map.json -p p new.csv".split()))
    ['new.csv']
    """
    option, is_over = "", False
    is_map = words[:1] == ["apply"]  # which has a map in the first place
    for word in words[1:]:
        if word == "--" and not is_over:
            option, is_over = "", True
        elif word.startswith("-") and word != "-" and not is_over:
            name, sign, value = word.partition("=")
            if sign and name in _SOURCE_OPTIONS:
                yield _expanded(value)
            is_short_with_value = not word.startswith("--") and len(word) > len("-l")
            option = "" if sign or word in FLAGS or is_short_with_value else word
        elif word.endswith(">"):
            option = word
        else:
            if option in ("", *_SOURCE_OPTIONS) and not word.startswith((">", "2>", "&>")):
                if not is_map:
                    yield _expanded(word.removeprefix("<"))
                is_map = False
            option = ""


def _expanded(path: str) -> str:
    """Do what a shell does before it passes on a path."""
    if path.startswith("~") or "$" in path:
        return path if os.path.exists(path) else os.path.expandvars(os.path.expanduser(path))  # noqa: PTH110, PTH111
    return path


def _told(words: Sequence[str]) -> "Told":
    from bce_cli.readers.glance import Told  # noqa: PLC0415 -- as above

    def value(option: str) -> str | None:
        for word, following in zip(words, [*words[1:], ""], strict=True):
            if word == option:
                return following or None
            if word.startswith(f"{option}="):
                return word.partition("=")[2] or None
        return None

    return Told(
        input_format=value("--input-format"),
        delimiter=value("--delimiter"),
        decimal=value("--decimal") or ".",
        has_header="--no-header" not in words,
        encoding=value("--encoding"),
        comment=value("--comment"),
    )


def _told_by_typer(
    line: Line,
    group: Any,  # noqa: ANN401 -- of Typer, whose classes have no public names
) -> list[Word] | None:
    """Return what the options and arguments of the command say that fits; see `words_for`."""
    name = next((word for word in line.before if word in group.commands), None)
    before = line.before
    context = group.make_context("bce", list(before), resilient_parsing=True)
    commands = [Word(name, _brief(group.commands[name].help)) for name in group.commands]
    if name is None:
        return _values(group, context, line, commands, is_group=True)
    before = before[before.index(name) + 1 :]
    inner = group.commands[name].make_context(
        name, list(before), parent=context, resilient_parsing=True
    )
    return _values(inner.command, inner, line._replace(before=before), commands)


def _values(
    command: Any,  # noqa: ANN401 -- as above
    context: Any,  # noqa: ANN401
    line: Line,
    commands: list[Word],
    *,
    is_group: bool = False,
) -> list[Word] | None:
    parameters = command.get_params(context)
    options = [p for p in parameters if p.param_type_name == "option"]
    by_name = {name: option for option in options for name in option.opts}
    are_options = "--" not in line.before
    named, sign, _ = line.typed.partition("=")
    wanted = by_name.get(line.before[-1]) if are_options and line.before else None
    if wanted is not None and not wanted.is_flag:
        return _values_of(wanted, commands)
    if are_options and line.typed.startswith("-"):
        if not sign:
            return list(_free(options, line))
        found = _values_of(by_name[named], commands) if named in by_name else []
        return found and [Word(f"{named}={word.text}", word.help) for word in found]
    if is_group:
        return commands
    for argument in parameters:
        is_argument = argument.param_type_name == "argument"
        if is_argument and (argument.nargs == -1 or not context.params.get(argument.name)):
            return _values_of(argument, commands)
    return []


def _free(options: Iterable[Any], line: Line) -> Iterator[Word]:
    """Yield the options that may still be given."""
    given = {word.partition("=")[0] for word in (*line.before, *line.after)}
    for option in options:
        if not option.hidden and (option.multiple or given.isdisjoint(option.opts)):
            for name in option.opts:
                yield Word(name, _brief(option.help))


def _values_of(
    parameter: Any,  # noqa: ANN401 -- as above
    commands: list[Word],
) -> list[Word] | None:
    """Return the values that a parameter may have; None means files."""
    if parameter.name == "step":
        from bce_cli.cli.demo import STEPS  # noqa: PLC0415 -- as above

        return [*(Word(s.name, s.summary) for s in STEPS), Word("all", "every step, in this order")]
    choices = parameter.type_descriptor.choices or _WORDS.get(parameter.name, ())
    if choices:
        return [Word(str(choice)) for choice in choices]
    if parameter.metavar == "COMMAND":
        from bce_cli.cli.help import TOPIC  # noqa: PLC0415 -- as above

        return [*commands, Word(TOPIC, "What a shell or a CI job learns")]
    return None if parameter.metavar in ("SOURCE", "FILE") else []


def _brief(text: str | None) -> str:
    """Return the start of a help text."""
    words = re.split(r"[.;:](?:\s|$)", " ".join((text or "").split()), maxsplit=1)[0]
    if len(words) <= _LONGEST_HELP:
        return words
    return words[:_LONGEST_HELP].rpartition(" ")[0] + " ..."
