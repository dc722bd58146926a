"""The Markdown files at the root and in tests/: their commands, links and paths exist."""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer.main

from dags.cli.main import app
from dags.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
PAPERS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "DEPLOYMENT.md",
    "RECIPES.md",
    "SPECIFICATION.md",
    "CHANGELOG.md",
    "tests/README.md",
)
SPECIFICATION_SECTIONS = 13
README_LINES = 150
_ASSIGNMENT = re.compile(r"[A-Z_]+=.*", re.DOTALL)
# Commands of others: what they do is not checked here.
OTHERS = {"airflow", "aws", "duckdb", "git", "pip", "pre-commit", "pytest", "uv"}
VARIABLES_OF_DAGS = re.compile(r'"(LAKEGATE_[A-Z_]+)"')
_ROOTS = ("contracts", "quarantine_policies", "transforms", "checkpoints", "dags", "tests")


@dataclass(frozen=True)
class Command:
    """One command of a console block."""

    paper: str
    text: str

    @property
    def words(self) -> list[str]:
        """The command's words, comments left out."""
        return shlex.split(self.text, comments=True)


def read(paper: str) -> str:
    return (ROOT / paper).read_text("utf-8")


def commands() -> Iterator[Command]:
    """Yield the commands of all console blocks, a command within another one too."""
    for paper in PAPERS:
        for block in re.findall(r"```console\n(.*?)```", read(paper), re.DOTALL):
            assert block.startswith("$ "), f"{paper}: a console block begins with a command"
            for text in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                yield Command(paper, text)
                yield from (Command(paper, inner) for inner in re.findall(r"\$\((lakegate [^)]*)\)", text))


COMMANDS = list(commands())


def with_program(name: str) -> list[Command]:
    return [command for command in COMMANDS if command.words and command.words[0] == name]


def parse_lakegate(arguments: Sequence[str]) -> None:
    """Parse a command line as `lakegate` does, without running it."""
    command = typer.main.get_command(app)
    context = command.make_context("lakegate", list(arguments))
    while hasattr(command, "resolve_command"):
        left = [*context._protected_args, *context.args]
        if not left and command.invoke_without_command:
            return
        name, command, rest = command.resolve_command(context, left)
        context = command.make_context(name, rest, parent=context)


def ids(command: Command) -> str:
    return f"{command.paper}: {' '.join(command.words)}"


@pytest.mark.parametrize("command", with_program("lakegate"), ids=ids)
def test_the_command_line_parses_what_a_paper_types(command: Command) -> None:
    parse_lakegate(command.words[1:])


def test_a_command_or_option_that_does_not_exist_is_found() -> None:
    for arguments in (["rum"], ["run", "--lak", "x"], ["source", "guess", "FILE"], ["path"]):
        with pytest.raises(Exception, match=r"(?i)no such|missing"):
            parse_lakegate(arguments)


@pytest.mark.parametrize("command", with_program("make"), ids=ids)
def test_make_has_the_target(command: Command) -> None:
    makefile = read("Makefile")
    variables = [word.partition("=")[0] for word in command.words[1:] if _ASSIGNMENT.fullmatch(word)]
    targets = [word for word in command.words[1:] if not _ASSIGNMENT.fullmatch(word)]
    assert targets
    assert [name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []
    assert [name for name in variables if not re.search(rf"^{name} \?=", makefile, re.MULTILINE)] == []


def test_every_other_command_is_known() -> None:
    programs = {Path(command.words[0]).name for command in COMMANDS}
    assert programs - {"lakegate", "make", "export"} <= OTHERS


def test_every_variable_of_ours_is_read_by_the_code() -> None:
    read_by_dags = {
        name
        for path in (ROOT / "dags").rglob("*.py")
        for name in VARIABLES_OF_DAGS.findall(path.read_text("utf-8"))
    }
    known = {f"LAKEGATE_{name.upper()}" for name in Settings.model_fields} | read_by_dags
    named = {name for paper in PAPERS for name in re.findall(r"LAKEGATE_[A-Z][A-Z_]*\b", read(paper))}
    assert named - known == set()
    assert len(named) > len(Settings.model_fields) / 2


def test_the_wheel_that_is_installed_is_the_one_that_is_built() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    wheels = [command for command in COMMANDS if "lakegate-" in command.text and ".whl" in command.text]
    assert wheels
    for command in wheels:
        name, extras = re.findall(r"(lakegate-\S+\.whl)\[([a-z,]+)\]", command.text)[0]
        assert name == f"lakegate-{project['version']}-py3-none-any.whl"
        assert set(extras.split(",")) <= set(project["optional-dependencies"])


def anchors(paper: Path) -> set[str]:
    """Return the anchors that GitHub makes of a paper's headings."""
    headings = re.findall(r"^#+ (.+)$", paper.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("paper", PAPERS)
def test_links_lead_somewhere(paper: str) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)]+)\)", read(paper)):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        linked = (ROOT / paper).parent / path if path else ROOT / paper
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("paper", [paper for paper in PAPERS if paper not in ("CHANGELOG.md", "RECIPES.md")])
def test_paths_of_the_repository_exist(paper: str) -> None:
    text = re.sub(r"```.*?```", "", read(paper), flags=re.DOTALL)
    named = [
        name for name in re.findall(r"`([\w./]+)`", text) if name.split("/")[0] in _ROOTS and "/" in name
    ]
    folders = (ROOT, (ROOT / paper).parent)
    assert [name for name in named if not any((folder / name).exists() for folder in folders)] == []


def test_the_way_of_a_row_counts_its_files() -> None:
    """A file stands in italics where it is used again."""
    text = read("ARCHITECTURE.md")
    way = text[text.index("### RAW to BRONZE") : text.index("## Accounting")]
    chapters = [re.findall(r"^\| `([^`]+)` \|", chapter, re.MULTILINE) for chapter in way.split("### ")[1:]]
    files = [path for chapter in chapters for path in chapter]
    assert len(set(files)) == len(files)
    assert set(re.findall(r"^\| \*`([^`]+)`\* \|", way, re.MULTILINE)) <= set(files)
    counts = re.findall(
        r"^(\d+) files in all: (\d+) to BRONZE, (\d+) to SILVER, (\d+) to fact_events", way, re.MULTILINE
    )
    assert counts == [(str(len(files)), *(str(len(chapter)) for chapter in chapters))]


def test_every_section_that_is_cited_exists() -> None:
    text = read("SPECIFICATION.md")
    sections = set(re.findall(r"^#+ (\d+(?:\.\d+)?)\.? ", text, re.MULTILINE))
    assert {str(number) for number in range(1, SPECIFICATION_SECTIONS + 1)} <= sections
    cited = {
        number
        for folder in _ROOTS
        for path in (ROOT / folder).rglob("*.py")
        for number in re.findall(r"\bspec (\d+(?:\.\d+)?)", path.read_text("utf-8"))
    }
    assert cited
    assert cited - sections == set()


def test_the_map_of_the_tests_names_every_folder_of_tests() -> None:
    folders = {
        path.parent.relative_to(ROOT / "tests").as_posix() for path in (ROOT / "tests").rglob("test_*.py")
    }
    text = read("tests/README.md")
    assert [name for name in sorted(folders - {"."}) if f"`{name}/`" not in text] == []


def test_the_readme_stays_short() -> None:
    assert len(read("README.md").splitlines()) <= README_LINES
