"""The project against the oracle, on mess: `python -m tests.oracle.differential --seed 7 --rounds 3`."""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random
from urllib.parse import unquote, urlparse

from tests.oracle.compare import Difference, compare
from tests.oracle.mess import make_mess
from tests.oracle.mess_values import AS_OF
from tests.oracle.oracle import expected

LAKEGATE = Path(sys.executable).with_name("lakegate")


def run_round(
    lake: Path, seed: int, files: int, lakegate: Path, *, with_bomb: bool = False
) -> list[Difference]:
    """Makes a lake's RAW from a seed, runs the project on it, and compares."""
    make_mess(lake / "raw", Random(seed), files, with_bomb=with_bomb)
    wanted = expected(lake / "raw", AS_OF)
    command = [str(lakegate), "run", "--lake", str(lake), "--json", "--as-of", f"{AS_OF:%Y-%m-%dT%H:%M:%SZ}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (lake / "run.log").write_text(done.stderr)
    exit_status = 3 if wanted.verdict == "block" else 0
    if done.returncode not in (0, 3):
        return [
            Difference(
                "run", str(lake), "exit status", exit_status, f"{done.returncode}\n{done.stderr[-3000:]}"
            )
        ]
    (lake / "run.json").write_text(done.stdout)
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        return [Difference("run", str(lake), "stdout", "one JSON document", done.stdout[:500])]
    differences = []
    if done.returncode != exit_status:
        differences.append(Difference("run", str(lake), "exit status", exit_status, done.returncode))

    def path_of(name: str) -> Path:
        asked = [str(lakegate), "path", name, "--lake", str(lake)]
        answer = subprocess.run(asked, capture_output=True, text=True, check=False)
        return local_path(answer.stdout.strip()) if answer.returncode == 0 else lake / "not-promoted" / name

    return differences + compare(lake, report, wanted, path_of)


def local_path(uri: str) -> Path:
    return Path(unquote(urlparse(uri).path)) if uri.startswith("file:") else Path(uri)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=1, help="each with the next seed")
    parser.add_argument("--files", type=int, default=24, help="messy files a dataset")
    parser.add_argument("--bomb", action="store_true", help="also a file that expands to 300 MiB")
    parser.add_argument("--lakegate", type=Path, default=LAKEGATE)
    parser.add_argument("--show", type=int, default=200, help="differences shown a round")
    options = parser.parse_args()
    if not options.lakegate.is_file():
        parser.error(f"{options.lakegate} does not exist: install the project, or name it with --lakegate")
    is_equal = True
    for seed in range(options.seed, options.seed + options.rounds):
        lake = Path(tempfile.mkdtemp(prefix=f"lakegate-mess-{seed}-"))
        differences = run_round(lake, seed, options.files, options.lakegate, with_bomb=options.bomb)
        print(f"seed {seed}: {len(differences)} differences" + (f", kept in {lake}" if differences else ""))
        for difference in differences[: options.show]:
            print(f"  {difference}")
        if differences:
            is_equal = False
        else:
            shutil.rmtree(lake)
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main())
