"""Job script for Glue or spark-submit: `--transition bronze_to_silver --lake s3://… --run_id …`.

It is uploaded alone; everything else is in the wheel. A successful run returns without calling `sys.exit`,
which some hosts of a script treat as a failure whatever the status.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory


def _unpacked_wheels() -> list[TemporaryDirectory[str]]:
    """Unpack the wheel where Spark put it on the path as an archive (`--py-files`); return the folders.

    Contracts and policies are read as files beside the code, which is itself part of the fingerprint.
    """
    folders = []
    for number, entry in enumerate(sys.path):
        wheel = Path(entry)
        if wheel.name.startswith("lakegate-") and zipfile.is_zipfile(wheel):
            folder = TemporaryDirectory(prefix="lakegate-wheel-")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder.name)
            sys.path[number] = folder.name
            folders.append(folder)
    return folders


if __name__ == "__main__":
    unpacked = _unpacked_wheels()  # deleted when the script ends
    from dags.glue.main import run_job

    status = run_job(sys.argv[1:])
    if status:
        sys.exit(status)
