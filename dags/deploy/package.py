"""The package to deploy: the zips of wheels for Glue, built by `make package`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.errors import ConfigurationError
from dags.deploy.glue_wheels import SUFFIX

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Package:
    """Zips of lakegate's wheel with the wheels that it needs on Glue."""

    wheels: Path
    wheels_with_redshift: Path  # and the driver for redshift://


def read_package(folder: Path) -> Package:
    """Return the package in a folder, as built by `make package`.

    Raises:
        ConfigurationError: a zip is missing, or there are several.
    """
    found = sorted(folder.glob(f"lakegate-*{SUFFIX}"))
    with_redshift = [path for path in found if path.name.endswith(f"-glue-redshift{SUFFIX}")]
    without = [path for path in found if path.name.endswith(f"-glue{SUFFIX}")]
    if len(with_redshift) != 1 or len(without) != 1:
        raise ConfigurationError(
            "package not found",
            where=f"--dist {folder}",
            expected=f"one lakegate-*-glue{SUFFIX} and one lakegate-*-glue-redshift{SUFFIX}",
            found=", ".join(path.name for path in found) or "neither",
            next_step="run `make package`, or set its folder with --dist",
        )
    return Package(without[0], with_redshift[0])
