"""Airflow on loopback: real scheduler, DAG processor, triggerer and API server, on SQLite.

Not covered: PostgreSQL, several workers, authentication (every user is an admin).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import dags.orchestration
from dags.pipeline.run import TRANSITIONS
from tests.shipped import DATASETS
from tests.stand_ins.aws import free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COMPONENTS = (
    ("scheduler", "--skip-serve-logs"),
    ("dag-processor",),
    ("triggerer", "--skip-serve-logs"),
)
DAGS = {"lakehouse", *TRANSITIONS[1:], *(f"{TRANSITIONS[0]}_{dataset}" for dataset in DATASETS)}
_ENDED = {"success", "failed"}


@dataclass
class AirflowOnLoopback:
    """A running Airflow, controlled through its REST API."""

    home: Path
    url: str
    _token: str = ""
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the REST API and return the response."""
        if not self._token:
            self._token = self._send("GET", f"{self.url}/auth/token", None)["access_token"]
        return self._send(method, f"{self.url}/api/v2{path}", body)

    def _send(self, method: str, url: str, body: object) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {url}: {error.code} {error.read().decode()[:500]}") from error

    def set_variable(self, name: str, value: object) -> None:
        """Set an Airflow Variable."""
        body = {"key": name, "value": json.dumps(value)}
        if any(one["key"] == name for one in self.call("GET", "/variables")["variables"]):
            self.call("PATCH", f"/variables/{name}", body)
        else:
            self.call("POST", "/variables", body)

    def trigger(self, dag: str, run_id: str, /, **params: object) -> str:
        """Trigger a DAG as in the UI, with a null logical date; return the DAG run's id."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": params}
        return str(self.call("POST", f"/dags/{dag}/dagRuns", body)["dag_run_id"])

    def runs(self, dag: str) -> list[dict[str, Any]]:
        """Return a DAG's runs, the oldest first."""
        found = self.call("GET", f"/dags/{dag}/dagRuns?limit=100")["dag_runs"]
        return sorted(found, key=lambda run: str(run["queued_at"]))

    def state(self, dag: str, run_id: str) -> str:
        """Return a DAG run's state."""
        return str(self.call("GET", f"/dags/{dag}/dagRuns/{quote(run_id)}")["state"])

    def tasks(self, dag: str, run_id: str) -> dict[str, dict[str, Any]]:
        """Return the task instances of a DAG run; of mapped ones, the last."""
        path = f"/dags/{dag}/dagRuns/{quote(run_id)}/taskInstances?limit=100"
        return {one["task_id"]: one for one in self.call("GET", path)["task_instances"]}

    def states(self, dag: str, run_id: str) -> dict[str, str]:
        """Return the states of a DAG run's tasks."""
        return {name: str(one["state"]) for name, one in self.tasks(dag, run_id).items()}

    def xcom(self, dag: str, run_id: str, task: str, key: str) -> Any:
        """Return an XCom value of a task."""
        path = f"/dags/{dag}/dagRuns/{quote(run_id)}/taskInstances/{task}/xcomEntries/{key}"
        return self.call("GET", path)["value"]

    def log(self, dag: str, run_id: str, task: str) -> str:
        """Return the log of a task's attempts."""
        folder = self.home / "logs" / f"dag_id={dag}" / f"run_id={run_id}" / f"task_id={task}"
        return "\n".join(path.read_text(errors="replace") for path in sorted(folder.rglob("attempt=*.log")))

    def wait(self, dag: str, run_id: str, seconds: float = 900) -> str:
        """Wait for the end of a DAG run; return its state."""
        return str(until(lambda: self.state(dag, run_id) in _ENDED and self.state(dag, run_id), seconds))

    def wait_for_rest(self, seconds: float = 900) -> None:
        """Wait until no DAG run is queued or running."""
        until(lambda: not self.active(), seconds)

    def active(self) -> list[tuple[str, str]]:
        """Return the running and queued DAG runs."""
        found = self.call("GET", "/dags/~/dagRuns?state=running&state=queued&limit=100")["dag_runs"]
        return [(run["dag_id"], run["dag_run_id"]) for run in found]

    def dag_ids(self) -> set[str]:
        """Return the ids of all parsed DAGs."""
        return {dag["dag_id"] for dag in self.call("GET", "/dags?limit=100")["dags"]}


def until(found: Any, seconds: float = 300, every: float = 1) -> Any:
    """Poll until ``found`` returns a truthy value and return it. Raises ``AssertionError`` on timeout."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if answer := found():
            return answer
        time.sleep(every)
    raise AssertionError(f"condition not met after {seconds:.0f} s")


@contextmanager
def airflow_on_loopback(home: Path, environment: Mapping[str, str]) -> Iterator[AirflowOnLoopback]:
    """Run Airflow; all its processes are stopped at the end of the block."""
    from cryptography.fernet import Fernet

    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    folder = Path(dags.orchestration.__file__).parent
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        # Parse the files only once: on a busy machine, parsing again exceeded Airflow's timeout of 30 s, and
        # a DAG was considered deleted during its run.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "86400",
        "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "900",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "600",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": Fernet.generate_key().decode(),
        "AIRFLOW__API_AUTH__JWT_SECRET": Fernet.generate_key().decode(),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "LAKEGATE_ARRIVALS": "0 0 1 1 *",  # only when triggered
        "LAKEGATE_SCHEDULE": "0 0 1 1 *",
        "LAKEGATE_LOOK_EVERY_SECONDS": "2",
        "LAKEGATE_RETRY_SECONDS": "2",
        "PYTHONPATH": str(folder.parent.parent),
        "NO_PROXY": "127.0.0.1,localhost",
    }
    everything = {**os.environ, **settings, **environment}
    airflow = AirflowOnLoopback(home, url)
    # As a module: the script's folder would come first on the path.
    command = [sys.executable, "-m", "airflow"]
    subprocess.run([*command, "db", "migrate"], env=everything, check=True, capture_output=True)

    def start(*component: str) -> subprocess.Popen[bytes]:
        with (home / f"{component[0]}.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, *component], env=everything, stdout=log, stderr=log, start_new_session=True
            )
        airflow._processes.append(process)
        return process

    try:
        wait_for(port, start("api-server", "--host", "127.0.0.1", "--port", str(port)))
        for component in _COMPONENTS:
            start(*component)
        until(lambda: airflow.dag_ids() >= DAGS)
        yield airflow
    finally:
        for process in reversed(airflow._processes):
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop a component and its child processes, which share a session."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            continue
