"""The YAML that CONTRIBUTING.md shows, and folders of contracts and policies to which it is added."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


def yaml_blocks(chapter: str, paper: str = "CONTRIBUTING.md") -> list[str]:
    """Return the YAML blocks of a chapter of a paper."""
    text = (ROOT / paper).read_text("utf-8").split(f"# {chapter}\n")[1]
    return re.findall(r"```yaml\n(.*?)```", re.split(r"^##", text, flags=re.MULTILINE)[0], re.DOTALL)


@dataclass(frozen=True)
class Installation:
    """Copies of the shipped contracts and policies, to be added to."""

    contracts: Path
    policies: Path

    @classmethod
    def copied_to(cls, folder: Path) -> Installation:
        """Return copies in a folder, each below the name that it has in the repository."""
        for name in ("contracts", "quarantine_policies"):
            ignored = shutil.ignore_patterns("*.py", "__pycache__", "py.typed")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        return cls(folder / "contracts", folder / "quarantine_policies")

    @property
    def settings(self) -> dict[str, Path]:
        """The settings that name both folders."""
        return {"contracts": self.contracts, "policies": self.policies}

    @property
    def variables(self) -> dict[str, str]:
        """The variables of the environment that name both folders."""
        return {f"LAKEGATE_{name.upper()}": str(path) for name, path in self.settings.items()}

    def keep_only(self, contract: str, policy: str) -> None:
        """Remove all other contracts and policies."""
        for path in (*self.contracts.rglob("*.yaml"), *self.policies.glob("*.yaml")):
            if path not in (self.contracts / f"{contract}.yaml", self.policies / f"{policy}.yaml"):
                path.unlink()

    def follow(self, chapter: str) -> None:
        """Write the files of a chapter, each to the path in its first line."""
        for block in yaml_blocks(chapter):
            path = self.contracts.parent / block.splitlines()[0].removeprefix("# ")
            assert not path.exists()
            path.write_text(block, encoding="utf-8")

    def insert(self, file: str, before: str, text: str) -> None:
        """Insert text in front of the only line of a contract that begins with ``before``."""
        path = self.contracts / file
        old = path.read_text("utf-8")
        assert old.count(f"\n{before}") == 1
        path.write_text(old.replace(f"\n{before}", f"\n{text}{before}"), encoding="utf-8")
