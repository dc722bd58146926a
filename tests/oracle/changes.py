"""What happens to a RAW zone between two runs, and what BRONZE must then hold: section 3's ledger."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.oracle.contract import DATASETS
from tests.oracle.files import File, look_at_files, records_of
from tests.oracle.sources import Sources


@dataclass(frozen=True)
class Counts:
    """raw_to_bronze's files of one dataset in one run. `without_rows`: a part of `valid` and `unchanged`."""

    valid: int
    unchanged: int
    ignored: int
    without_rows: int
    quarantined: dict[str, int]


def change_raw(raw: Path, other: Path, rng: Random, sources: Sources | None = None, each: int = 2) -> None:
    """Lets files vanish, be superseded, spoilt, mended and added; `other` is a RAW zone of new content."""
    for dataset in DATASETS:
        files = [file for file in look_at_files(raw, dataset, sources) if not file.is_ignored]
        valid = [file for file in files if file.is_valid and file.key != "steady.csv"]
        rejected = [file for file in files if not file.is_valid]
        rng.shuffle(valid)
        fresh = [file for file in look_at_files(other, dataset, sources) if file.is_valid]
        rng.shuffle(fresh)
        for file in valid[:each]:
            file.path.unlink()
        for file in valid[each : 2 * each]:
            file.path.write_bytes(rng.choice([b"", b"\x1f\x8b", b"PK\x03\x04zip", b'{"a": ']))
        for old in valid[2 * each : 4 * each] + rejected[:each]:
            twin = next((f for f in fresh if _ending(f) == _ending(old) and f.source == old.source), None)
            if twin is not None:
                shutil.copyfile(twin.path, old.path)
        for number, file in enumerate(fresh[:each]):
            if file.source.glob == "**":
                added = raw / dataset / f"new/added-{number}.{file.key.rpartition('.')[2]}"
                added.parent.mkdir(exist_ok=True)
                shutil.copyfile(file.path, added)


def _ending(file: File) -> str:
    return ".".join(file.key.lower().rpartition("/")[2].split(".")[1:])


def keep(raw: Path, kept: Path) -> Path:
    """Copies RAW as it is now."""
    shutil.copytree(raw, kept)
    return kept


def after_change(
    before: Path, raw: Path, shadow: Path, sources: Sources | None = None
) -> tuple[Path, dict[str, Counts]]:
    """Returns a folder of what BRONZE holds after `before` and then `raw`, and the second run's counts."""
    shutil.copytree(raw, shadow)
    counts = {}
    for dataset in DATASETS:
        old = {file.key: file for file in look_at_files(before, dataset, sources) if file.is_valid}
        now = {file.key: file for file in look_at_files(raw, dataset, sources)}
        valid = unchanged = ignored = without_rows = 0
        quarantined: dict[str, int] = {}
        for key, file in now.items():
            if file.is_ignored:
                ignored += 1
            elif file.reason is not None:
                quarantined[file.reason] = quarantined.get(file.reason, 0) + 1
            elif key in old and old[key].path.read_bytes() == file.path.read_bytes():
                unchanged += 1
            else:
                valid += 1
            without_rows += file.is_valid and not records_of(file)
        counts[dataset] = Counts(valid, unchanged, ignored, without_rows, quarantined)
        for key, file in old.items():
            if key not in now or now[key].reason is not None:
                copy = shadow / dataset / key
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.path, copy)
    return shadow, counts
