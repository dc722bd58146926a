"""Zip of wheels for Glue's `--additional-python-modules`, written by `make package`.

Format of the zip, and the job arguments that it needs: "Creating a Zip of Wheels Artifact" in
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-libraries.html. Glue 5.0 and later
install from it alone (`--no-index`): nothing is fetched from a package index when a job or a worker starts.
"""

from __future__ import annotations

import hashlib
import re
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SUFFIX: Final = ".gluewheels.zip"  # by which Glue recognises it
_EPOCH: Final = (2020, 1, 1, 0, 0, 0)
_MODE: Final = 0o100644 << 16


def write_glue_wheels(wheel: Path, extras: str, pins: Sequence[str], wheels: Path, target: Path) -> None:
    """Zip a wheel with the wheels of its pins, and the requirements that name them all.

    The same wheels make the same zip.

    Args:
        wheel: the wheel of this project.
        extras: its extras to install, as ``[redshift]``; or empty.
        pins: requirements as ``name==version``.
        wheels: folder with a wheel for each pin, and perhaps others.
        target: the zip to write.

    Raises:
        FileNotFoundError: a pin has no wheel.
    """
    found = {_pin(path): path for path in wheels.glob("*.whl")}
    if missing := [pin for pin in pins if _normal(pin) not in found]:
        raise FileNotFoundError(f"no wheel in {wheels} for {', '.join(missing)}")
    name, version = wheel.name.split("-")[:2]
    requirements = "\n".join([f"{name}{extras}=={version}", *pins, ""])
    with zipfile.ZipFile(target, "w") as archive:  # stored: wheels are compressed
        _add(archive, "requirements.txt", requirements.encode())
        for path in sorted([wheel, *(found[_normal(pin)] for pin in pins)], key=lambda one: one.name):
            _add(archive, path.name, path.read_bytes())


def check_locked(wheels: Path, lock: str) -> None:
    """Check that each wheel in a folder is one of a lock, by its SHA-256. Raises ``ValueError``."""
    for path in wheels.glob("*.whl"):
        if hashlib.sha256(path.read_bytes()).hexdigest() not in lock:
            raise ValueError(f"{path.name} is not the file that uv.lock names")


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(f"wheels/{name}", _EPOCH)
    entry.external_attr = _MODE
    archive.writestr(entry, content)


def _pin(wheel: Path) -> str:
    """Return a wheel as a normalised pin.

    >>> _pin(Path("ruamel_yaml-0.19.1-py3-none-any.whl"))
    'ruamel-yaml==0.19.1'
    """
    name, version = wheel.name.split("-")[:2]
    return _normal(f"{name}=={version}")


def _normal(pin: str) -> str:
    """Return a pin with its name as PEP 503 normalises it."""
    name, _, version = pin.partition("==")
    return f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}"


def _main(dist: Path, build: Path) -> Iterator[Path]:
    """Write the zips of `make package` from what it has built and downloaded; yield their paths."""
    check_locked(build / "wheels", Path("uv.lock").read_text("utf-8"))
    (wheel,) = dist.glob("lakegate-*.whl")
    stem = "-".join(wheel.name.split("-")[:2])
    for name, extras in (("glue", ""), ("glue-redshift", "[redshift]")):
        pins = (build / f"requirements-{name}.txt").read_text("utf-8").split()
        target = dist / f"{stem}-{name}{SUFFIX}"
        write_glue_wheels(wheel, extras, pins, build / "wheels", target)
        yield target


if __name__ == "__main__":
    for written in _main(Path(sys.argv[1]), Path(sys.argv[2])):
        print(written)
