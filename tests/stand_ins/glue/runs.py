"""Glue jobs whose StartJobRun runs the script with spark-submit and whose GetJobRun returns its real state.

Plain moto returns SUCCEEDED for any job. Here a run is a process: RUNNING while it lives, SUCCEEDED with exit
status 0, else FAILED with the last line of its log; BatchStopJobRun terminates it. The script is downloaded
from the job's location; its arguments are those of the job, the run and Glue. The
script finds an `awsglue`, whose GlueContext only says that it was made.

Not covered: Glue's Python and modules (`--additional-python-modules` is ignored, the script imports this
checkout), metrics, roles and permissions, workers, auto-scaling, bookmarks, CloudWatch, start-up time and
the time limit. Spark is that of this environment, on two cores.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import moto.glue.models as glue
import pyspark
from moto.core.responses import ActionResult
from moto.glue.responses import GlueResponse

from dags.settings import Settings
from dags.spark.java import ensure_java
from dags.spark.s3a import s3_options
from dags.spark.session import INTERPRETED, jvm_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = "LAKEGATE_STAND_IN_GLUE"  # variable: folder with a subfolder per run: script, log, pid
CHECKOUT = Path(__file__).parents[3]
SITE = Path(__file__).with_name("site")  # what Glue has, and PyPI's Spark has not
_ORIGINAL_START = glue.FakeJob.start_job_run
# As for few rows: a job over a tiny lake, in a JVM of its own, takes half the time.
_SPARK = {
    "spark.master": "local[2]",
    "spark.driver.memory": "2g",
    "spark.driver.extraJavaOptions": jvm_options(input_bytes=0),
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
    **INTERPRETED,
}


class ProcessJobRun(glue.FakeJobRun):
    """A job run as a process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state, self.error, self.completed_on = "STARTING", "", None
        self.process: subprocess.Popen[bytes] | None = None
        self.folder = Path(os.environ[FOLDER]) / self.job_run_id

    @property
    def status(self) -> str | None:
        """The state, set by ``run`` and ``stop`` only."""
        return self.state

    @status.setter
    def status(self, _: str) -> None:
        """Ignore moto's changes of the state."""

    def advance(self) -> None:
        """Ignore moto's state transitions over time."""

    def as_dict(self) -> dict[str, Any]:
        """Return the response of GetJobRun."""
        ended = self.completed_on or datetime.now(UTC).replace(tzinfo=None)
        run = {**super().as_dict(), "GlueVersion": "6.0", "LogGroupName": str(self.folder)}
        run["ExecutionTime"] = int((ended - self.started_on).total_seconds())
        if self.completed_on is None:
            del run["CompletedOn"]
        if self.error:
            run["ErrorMessage"] = self.error
        return run

    def run(self, script: str) -> None:
        """Download the script, run it, and wait for its end."""
        try:
            self.folder.mkdir(parents=True)
            local = self.folder / "job.py"
            bucket, _, key = script.removeprefix("s3://").partition("/")
            boto3.client("s3").download_file(bucket, key, str(local))
            with (self.folder / "log").open("wb") as log:
                self.process = subprocess.Popen(
                    [*_spark_submit(self.arguments or {}), str(local), *self._arguments()],
                    env={**os.environ, "PYTHONPATH": f"{CHECKOUT}:{SITE}", "PYSPARK_PYTHON": sys.executable},
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    cwd=self.folder,
                )
            (self.folder / "pid").write_text(str(self.process.pid))
            self.state = "RUNNING"
            status = self.process.wait()
        except Exception as error:  # noqa: BLE001 - any error fails the run
            self.state, self.error = "FAILED", f"{type(error).__name__}: {error}"
        else:
            lines = (self.folder / "log").read_text(errors="replace").splitlines() or [""]
            own_lines = [line for line in lines if line.startswith("lakegate: ")] or lines
            if self.state == "STOPPING":
                self.state = "STOPPED"
            elif status:
                self.state, self.error = "FAILED", f"exit status {status}: {own_lines[-1]}"
            else:
                self.state = "SUCCEEDED"
        self.completed_on = datetime.now(UTC).replace(tzinfo=None)

    def stop(self) -> None:
        """Terminate the process and its children."""
        if self.process is not None and self.process.poll() is None:
            self.state = "STOPPING"
            os.killpg(self.process.pid, signal.SIGTERM)

    def _arguments(self) -> Iterator[str]:
        yield from ("--JOB_NAME", self.job_name, "--JOB_ID", "j_1", "--JOB_RUN_ID", self.job_run_id)
        for name, value in (self.arguments or {}).items():
            yield from (name, str(value))


def install() -> None:
    """Replace moto's job runs. Call it in the server's process."""
    ensure_java()
    glue.FakeJobRun = ProcessJobRun  # type: ignore[misc]
    glue.FakeJob.start_job_run = _start_job_run  # type: ignore[method-assign]
    GlueResponse.batch_stop_job_run = _batch_stop_job_run


def _start_job_run(job: Any, *args: Any, **kwargs: Any) -> str:
    run_id: str = _ORIGINAL_START(job, *args, **kwargs)
    run = next(one for one in job.job_runs if one.job_run_id == run_id)
    threading.Thread(target=run.run, args=(job.command["ScriptLocation"],), daemon=True).start()
    return run_id


def _batch_stop_job_run(response: Any) -> ActionResult:
    name = response._get_param("JobName")
    stopped = []
    for run_id in response._get_param("JobRunIds"):
        response.glue_backend.get_job_run(name, run_id).stop()
        stopped.append({"JobName": name, "JobRunId": run_id})
    return ActionResult({"SuccessfulSubmissions": stopped, "Errors": []})


def _spark_submit(arguments: Mapping[str, str]) -> list[str]:
    """Return the spark-submit command with the S3 file system that Glue provides."""
    options = {**s3_options(Settings(lake=arguments.get("--lake", "./lake"))), **_SPARK}
    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    nice = ["nice", "-n", "10"] if shutil.which("nice") else []
    conf = [part for name, value in options.items() for part in ("--conf", f"{name}={value}")]
    return [*nice, str(submit), *conf]
