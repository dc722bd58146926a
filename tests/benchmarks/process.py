"""Runs one command in a fresh process, and measures what it and all its children cost."""

from __future__ import annotations

import resource
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SAMPLE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process and its children cost together."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int  # resident, all processes added up: what they share is counted more than once
    status: int
    stdout: str
    stderr: str
    names: frozenset[str]  # of all processes that were seen


def run_measured(command: Sequence[str], env: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end. CPU and memory are sampled, as a child may outlive its parent's wait.

    What a process did after its last sample is missed; of one that is short that is much, so that what the
    kernel tells of processes that were waited for counts where it is more.
    """
    began, waited_for = time.monotonic(), _cpu_seconds_waited_for()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, text=True
    ) as done:
        cpu_by_process: dict[tuple[int, float], float] = {}
        names: set[str] = set()
        peak = 0
        out: tuple[str, str] | None = None
        while out is None:
            resident = 0
            for process in _family(done.pid):
                try:
                    times = process.cpu_times()
                    cpu_by_process[process.pid, process.create_time()] = times.user + times.system
                    resident += process.memory_info().rss
                    names.add(process.name())
                except psutil.Error:
                    continue
            peak = max(peak, resident)
            try:
                out = done.communicate(timeout=SAMPLE_SECONDS)
            except subprocess.TimeoutExpired:
                continue
    seconds = time.monotonic() - began
    cpu_seconds = max(sum(cpu_by_process.values()), _cpu_seconds_waited_for() - waited_for)
    return Cost(seconds, cpu_seconds, peak, done.returncode, *out, frozenset(names))


def _cpu_seconds_waited_for() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return []
