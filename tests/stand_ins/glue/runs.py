"""A Glue whose StartJobRun really runs the script, by spark-submit, and whose GetJobRun tells the truth.

Stock moto says SUCCEEDED to anything, also to a script that is not there. Here a run is a process: it is
RUNNING while that lives, SUCCEEDED if it returned 0, else FAILED with the last line of its log, and
BatchStopJobRun ends it. The script is fetched from where the job says; its arguments are the job's and the
run's, beside Glue's own.

It does not prove: Glue's Python and its modules (`--additional-python-modules` are not installed, the script
finds our code in this checkout), roles and permissions, workers, auto-scaling and bookmarks, CloudWatch, how
long Glue takes to start, nor the time limit. Spark is the one of this environment, on two cores.
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

import dags.pipeline
from dags.pipeline.java import ensure_java
from dags.pipeline.settings import Settings
from dags.pipeline.spark_on_s3 import s3_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = "LAKEGATE_STAND_IN_GLUE"  # names the folder with a folder a run: script, log, pid
CHECKOUT = Path(__file__).parents[3]
_FIRST_START = glue.FakeJob.start_job_run
_QUIET = Path(dags.pipeline.__file__).with_name("log4j2.properties").as_uri()
_SPARK = {
    "spark.master": "local[2]",
    "spark.driver.memory": "2g",
    "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={_QUIET}",
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
}


class TrueJobRun(glue.FakeJobRun):
    """A run that is a process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state, self.error, self.completed_on = "STARTING", "", None
        self.process: subprocess.Popen[bytes] | None = None
        self.folder = Path(os.environ[FOLDER]) / self.job_run_id

    @property
    def status(self) -> str | None:
        """Return the state; only the process changes it."""
        return self.state

    @status.setter
    def status(self, _: str) -> None:
        """Let moto believe that it sets the state."""

    def advance(self) -> None:
        """Time alone changes nothing."""

    def as_dict(self) -> dict[str, Any]:
        """Return what GetJobRun answers."""
        ended = self.completed_on or datetime.now(UTC).replace(tzinfo=None)
        told = {**super().as_dict(), "GlueVersion": "6.0", "LogGroupName": str(self.folder)}
        told["ExecutionTime"] = int((ended - self.started_on).total_seconds())
        if self.completed_on is None:
            del told["CompletedOn"]
        if self.error:
            told["ErrorMessage"] = self.error
        return told

    def run(self, script: str) -> None:
        """Fetch the script, run it, and wait for its end."""
        try:
            self.folder.mkdir(parents=True)
            here = self.folder / "job.py"
            bucket, _, key = script.removeprefix("s3://").partition("/")
            boto3.client("s3").download_file(bucket, key, str(here))
            with (self.folder / "log").open("wb") as log:
                self.process = subprocess.Popen(
                    [*_spark_submit(self.arguments or {}), str(here), *self._arguments()],
                    env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYSPARK_PYTHON": sys.executable},
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    cwd=self.folder,
                )
            (self.folder / "pid").write_text(str(self.process.pid))
            self.state = "RUNNING"
            status = self.process.wait()
        except Exception as error:  # noqa: BLE001 - whatever it is, the run failed
            self.state, self.error = "FAILED", f"{type(error).__name__}: {error}"
        else:
            lines = (self.folder / "log").read_text(errors="replace").splitlines() or [""]
            ours = [line for line in lines if line.startswith("lakegate: ")] or lines
            if self.state == "STOPPING":
                self.state = "STOPPED"
            elif status:
                self.state, self.error = "FAILED", f"exit status {status}: {ours[-1]}"
            else:
                self.state = "SUCCEEDED"
        self.completed_on = datetime.now(UTC).replace(tzinfo=None)

    def stop(self) -> None:
        """End the process, with all that it started."""
        if self.process is not None and self.process.poll() is None:
            self.state = "STOPPING"
            os.killpg(self.process.pid, signal.SIGTERM)

    def _arguments(self) -> Iterator[str]:
        yield from ("--JOB_NAME", self.job_name, "--JOB_ID", "j_1", "--JOB_RUN_ID", self.job_run_id)
        for name, value in (self.arguments or {}).items():
            yield from (name, str(value))


def install() -> None:
    """Put truthful runs in the place of moto's. Call it in the server's process."""
    ensure_java()
    glue.FakeJobRun = TrueJobRun  # type: ignore[misc]
    glue.FakeJob.start_job_run = _start_job_run  # type: ignore[method-assign]
    GlueResponse.batch_stop_job_run = _batch_stop_job_run


def _start_job_run(job: Any, *args: Any, **kwargs: Any) -> str:
    run_id: str = _FIRST_START(job, *args, **kwargs)
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
    """Return the command, with what Glue gives every job: a file system for S3."""
    options = {**s3_options(Settings(lake=arguments.get("--lake", "./lake"))), **_SPARK}
    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    nice = ["nice", "-n", "10"] if shutil.which("nice") else []
    told = [part for name, value in options.items() for part in ("--conf", f"{name}={value}")]
    return [*nice, str(submit), *told]
