"""The script that Glue or spark-submit starts: `--transition bronze_to_silver --lake s3://… --run_id …`.

It is uploaded alone; everything else comes from the wheel. A run that went well returns and does not call
`sys.exit`, which some hosts of a script take for a failure whatever the status.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory


def _unpacked_wheels() -> list[TemporaryDirectory[str]]:
    """Put our wheel on the path as a folder where Spark put it as an archive (by `--py-files`).

    Contracts and policies are read as files beside the code, and the code itself is part of the fingerprint.
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
    unpacked = _unpacked_wheels()  # they live as long as the script
    from dags.glue.main import run_job

    status = run_job(sys.argv[1:])
    if status:
        sys.exit(status)
