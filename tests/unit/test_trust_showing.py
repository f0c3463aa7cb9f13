"""Data is shown as `Content` or through `clean` only: a plain string given to Textual is markup.

What the syntax tree can decide is decided here; that no byte of data acts on a terminal, whatever
way it takes, is tested by scanning the bytes of a real one (tests/acceptance/test_trust_terminal.py).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "tui" / "tailboard_tui"
SHOWN_BY = sorted([*PACKAGE.glob("screens/*.py"), *PACKAGE.glob("widgets/*.py"), PACKAGE / "app.py"])

WIDGETS = frozenset(
    {
        *("Static", "Label", "Button", "Option", "Tab", "TabPane", "Tree", "Checkbox", "RadioButton"),
        *("Markdown", "RichLog", "Log", "Placeholder", "Collapsible", "Link", "Digits", "add_option"),
    }
)
"""Calls whose first argument, and every argument of TEXTS, Textual shows; a `str` there is markup."""

TEXTS = frozenset({"content", "label", "prompt", "tooltip", "title", "renderable"})
ATTRIBUTES = frozenset({"tooltip", "border_title", "border_subtitle", "sub_title"})
INTERPRETS = frozenset({"from_markup", "from_ansi", "render_markup"})
STYLED = frozenset({"Content", "Text", "Strip"})


def returns_of(function: ast.FunctionDef) -> list[ast.expr]:
    return [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]


def functions_of(source: str) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]


def name_of(function: ast.expr) -> str:
    """The last part of a called name."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def is_clean(node: ast.expr, cleaners: frozenset[str]) -> bool:
    """Whether a string is a constant, or comes from `clean` or from a function that returns such."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.Call):
        return name_of(node.func) in cleaners
    if isinstance(node, ast.Subscript):
        return is_clean(node.value, cleaners)
    if isinstance(node, ast.BoolOp):
        return all(is_clean(value, cleaners) for value in node.values)
    if isinstance(node, ast.IfExp):
        return is_clean(node.body, cleaners) and is_clean(node.orelse, cleaners)
    if isinstance(node, ast.JoinedStr):
        return all(
            is_clean(part.value if isinstance(part, ast.FormattedValue) else part, cleaners)
            for part in node.values
        )
    return False


def is_content(node: ast.expr, makers: frozenset[str]) -> bool:
    """Whether an expression is a constant, or `Content` or `Text` by its constructor or annotation."""
    if isinstance(node, ast.Constant):
        return node.value is None or isinstance(node.value, str)
    if isinstance(node, ast.IfExp):
        return is_content(node.body, makers) and is_content(node.orelse, makers)
    if isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Attribute) and ast.unparse(function.value) in STYLED:
            return function.attr not in INTERPRETS
        return name_of(function) in STYLED | makers
    return False


def violations(source: str, cleaners: frozenset[str], makers: frozenset[str]) -> list[str]:
    """The places of a module that may give Textual data as markup."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            is_wrong = _is_wrong_call(node, cleaners, makers)
        elif isinstance(node, ast.Assign):
            shown = any(isinstance(to, ast.Attribute) and to.attr in ATTRIBUTES for to in node.targets)
            is_wrong = shown and not is_content(node.value, makers)
        elif isinstance(node, ast.keyword):
            is_wrong = node.arg == "markup" and ast.unparse(node.value) != "False"
        else:
            continue
        if is_wrong:
            found.append(f"{getattr(node, 'lineno', 0)}: {ast.unparse(node)[:100]}")
    return found


def _is_wrong_call(node: ast.Call, cleaners: frozenset[str], makers: frozenset[str]) -> bool:
    name = name_of(node.func)
    if isinstance(node.func, ast.Attribute) and name in INTERPRETS and ast.unparse(node.func.value) in STYLED:
        return not (node.args and isinstance(node.args[0], ast.Constant))
    if name == "notify":
        texts = [*node.args, *(word.value for word in node.keywords if word.arg in ("message", "title"))]
        is_plain = any(word.arg == "markup" for word in node.keywords)
        return not (is_plain and all(is_clean(text, cleaners) for text in texts))
    if name in WIDGETS:
        texts = [*node.args[:1], *(word.value for word in node.keywords if word.arg in TEXTS)]
        return not all(is_content(text, makers) for text in texts)
    if name == "update" and isinstance(node.func, ast.Attribute):
        to = ast.unparse(node.func.value)
        return (
            "query_one" in to and ("Static" in to or "Label" in to) and not is_content(node.args[0], makers)
        )
    return False


def is_maker(function: ast.FunctionDef) -> bool:
    """Whether a function is annotated to return `Content` or `Text`."""
    return function.returns is not None and ast.unparse(function.returns) in STYLED


def is_cleaner(function: ast.FunctionDef) -> bool:
    """Whether a function returns nothing but what `clean` gives."""
    results = returns_of(function)
    return bool(results) and all(is_clean(result, frozenset({"clean"})) for result in results)


def names(
    hold: Callable[[ast.FunctionDef], bool], source: str, everywhere: Sequence[ast.FunctionDef]
) -> frozenset[str]:
    """Names that stand for functions that `hold`: the module's own, else all of that name in the package."""
    by_name: dict[str, bool] = {}
    for function in everywhere:
        by_name[function.name] = by_name.get(function.name, True) and hold(function)
    for function in functions_of(source):
        by_name[function.name] = hold(function)
    return frozenset(name for name, holds in by_name.items() if holds)


@pytest.fixture(scope="module")
def everywhere() -> list[ast.FunctionDef]:
    return [function for path in PACKAGE.rglob("*.py") for function in functions_of(path.read_text())]


@pytest.mark.parametrize("path", SHOWN_BY, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_data_is_given_to_textual_as_markup(path: Path, everywhere: list[ast.FunctionDef]) -> None:
    source = path.read_text()
    cleaners = names(is_cleaner, source, everywhere) | {"clean"}
    assert violations(source, cleaners, names(is_maker, source, everywhere)) == []


def test_below_the_screens_nothing_is_shown() -> None:
    rooms = ("files", "formats", "store", "plot", "text")
    sources = [path.read_text() for room in rooms for path in PACKAGE.glob(f"{room}/*.py")]
    assert sources
    assert not [source for source in sources if "import textual" in source or "from textual" in source]


@pytest.mark.parametrize(
    "source",
    [
        "self.notify(text)",
        "self.notify('saved')",
        "self.notify(text, markup=False)",
        "self.notify(clean(text), title=name, markup=False)",
        "self.notify(clean(text), markup=True)",
        "Static(name)",
        "Static(f'{name}')",
        "Static(Content.from_markup(name))",
        "Label(clean(name))",
        "widget.tooltip = name",
        "dialog.border_title = f'{name}'",
        "Option(name, id='x')",
        "TabPane(title=name)",
        "self.query_one('#x', Static).update(name)",
        "Text.from_markup(name)",
        "Text.from_ansi(line)",
        "RichLog(markup=True)",
    ],
)
def test_it_would_be_found(source: str) -> None:
    assert violations(source, frozenset({"clean"}), frozenset())


@pytest.mark.parametrize(
    "source",
    [
        "self.notify('saved', markup=False)",
        "self.notify(clean(text) or clean(other)[:9], title=f'of {clean(name)}', markup=False)",
        "Static(Content(name))",
        "Static('Loading')",
        "Option(Content.assemble((name, 'bold')))",
        "dialog.border_title = Content(name)",
        "self.query_one(Static).update(Text(name))",
    ],
)
def test_what_is_right_passes(source: str) -> None:
    assert not violations(source, frozenset({"clean"}), frozenset())
