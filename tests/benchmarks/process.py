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
_MOST_BETWEEN_MEMORY = 1.0  # seconds; the kernel walks all pages to tell what is shared


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process and its children cost together."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int  # of memory, all processes added up, a page that several share once
    status: int
    stdout: str
    stderr: str
    names: frozenset[str]  # of all processes that were seen


def run_measured(command: Sequence[str], env: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end. CPU and memory are sampled, as a child may outlive its parent's wait.

    A peak of memory that is shorter than a second may be missed. So is what a process did after its last
    sample; of one that is short that is much, so that what the kernel tells of processes that were waited for
    counts where it is more.
    """
    began, waited_for = time.monotonic(), _cpu_seconds_waited_for()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, text=True
    ) as done:
        cpu_by_process: dict[tuple[int, float], float] = {}
        names: set[str] = set()
        peak, memory_due = 0, began
        out: tuple[str, str] | None = None
        while out is None:
            family = _family(done.pid)
            for process in family:
                try:
                    times = process.cpu_times()
                    cpu_by_process[process.pid, process.create_time()] = times.user + times.system
                    names.add(process.name())
                except psutil.Error:
                    continue
            if time.monotonic() >= memory_due:
                peak = max(peak, sum(map(_memory_bytes, family)))
                ran_for = time.monotonic() - began
                memory_due = began + ran_for + min(_MOST_BETWEEN_MEMORY, ran_for / 10)
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


def _memory_bytes(process: psutil.Process) -> int:
    """Return a process's share of memory (PSS): of a page that n processes share, the n-th part.

    A process that is just being forked shares all pages of its parent, which would count twice otherwise.
    """
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return []
