"""The package to deploy: the wheel built by `make package`, and the pinned requirements for Glue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contracts.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

REQUIREMENTS: Final = "requirements-glue.txt"
# The Python of Glue 6.0: Amazon Linux on x86_64.
_GLUE_PYTHON: Final = {
    "implementation_name": "cpython",
    "implementation_version": "3.13.0",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.13.0",
    "python_version": "3.13",
    "sys_platform": "linux",
}


@dataclass(frozen=True, slots=True)
class Package:
    """The wheel, and the pinned modules that it needs on Glue, as ``name==version``."""

    wheel: Path
    modules: tuple[str, ...]


def read_package(folder: Path) -> Package:
    """Return the package in a folder, as built by `make package`.

    Raises:
        ConfigurationError: the wheel or the requirements are missing, or there are several wheels.
    """
    wheels = sorted(folder.glob("lakegate-*.whl"))
    requirements = folder / REQUIREMENTS
    if len(wheels) != 1 or not requirements.is_file():
        found = [path.name for path in (*wheels, requirements) if path.is_file()]
        raise ConfigurationError(
            "package not found",
            where=f"--dist {folder}",
            expected=f"one lakegate-*.whl and {REQUIREMENTS}",
            found=", ".join(found) or "neither",
            next_step="run `make package`, or set its folder with --dist",
        )
    return Package(wheels[0], pinned_modules(requirements.read_text(encoding="utf-8")))


def pinned_modules(requirements: str) -> tuple[str, ...]:
    r"""Return the pins whose markers match Glue's Python.

    >>> pinned_modules("numpy==2.4.6 ; python_full_version < '3.12'\nrich==14.2.0\n    # via lakegate")
    ('rich==14.2.0',)
    """
    from packaging.requirements import Requirement

    lines = [line.strip() for line in requirements.splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return tuple(
        f"{one.name}{one.specifier}"
        for one in found
        if one.marker is None or one.marker.evaluate(_GLUE_PYTHON)
    )
