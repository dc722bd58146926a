"""The whole pipeline as on AWS, for a person to look at: `make demo-aws`.

Files are dropped into a RAW bucket, Airflow's DAGs take them to the warehouse, and all stays until Ctrl-C. It
listens on loopback alone, and nothing of it is AWS: see the stand-ins.
"""

from __future__ import annotations

import mimetypes
import signal
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from contracts.reader import GOLD_TABLES
from dags.sample.generate import generate
from tests.stand_ins.airflow import until
from tests.stand_ins.lakehouse import services_on_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stand_ins.lakehouse import Installation

SAMPLE_BYTES = 1024 * 1024
DATASETS = ("events", "users", "transactions")
AS_OF = "2026-01-01T00:00:00+00:00"


def main() -> None:
    """Show it."""
    with tempfile.TemporaryDirectory(prefix="lakegate-aws-") as scratch:
        folder = Path(scratch)
        say("Starting S3, Glue, Redshift, SNS (stand-ins) and Airflow; about half a minute ...")
        with services_on_loopback(folder / "services") as services:
            shop = services.install("shop")
            with data_docs(shop) as docs_url:
                shop.configure(docs_url=docs_url)
                say(f"\nAirflow     {services.airflow.url}   (no login)")
                say(f"Data Docs   {docs_url}/index.html")
                run(shop, folder / "raw")
                show(shop)
                say("\nLook around; Ctrl-C ends it all.")
                threading.Event().wait()


def run(shop: Installation, raw: Path) -> None:
    """Let the DAGs wait, drop a messy sample, and see it through."""
    airflow = shop.airflow
    for dataset in DATASETS:
        airflow.trigger(f"raw_to_bronze_{dataset}", "demo", as_of=AS_OF)
    say("\nraw_to_bronze_* wait for files ...")
    until(
        lambda: all(
            airflow.states(f"raw_to_bronze_{name}", "demo").get("arrived") == "deferred" for name in DATASETS
        )
    )
    generate(raw, SAMPLE_BYTES, 7)
    files = [path for path in raw.rglob("*") if path.is_file()]
    for path in files:
        shop.drop(path.relative_to(raw).as_posix(), path.read_bytes())
    say(f"dropped {len(files)} files into s3://{shop.name}/raw; what the DAGs do:")
    told: set[str] = set()
    while not airflow.runs("lakehouse") or airflow.active():
        report(shop, told)
        time.sleep(2)
    report(shop, told)


def report(shop: Installation, told: set[str]) -> None:
    """Say what is new: verdicts and ends of DAG runs."""
    for dag in sorted(shop.airflow.dag_ids()):
        for one in shop.airflow.runs(dag):
            line = f"  {dag} {one['dag_run_id']}: {one['state']}"
            if one["state"] in ("success", "failed") and line not in told:
                told.add(line)
                say(line)


def show(shop: Installation) -> None:
    """Say what the warehouse holds."""
    say("\nThe warehouse:")
    for table in GOLD_TABLES:
        say(f"  {table}: {shop.query(f'SELECT count(*) FROM {table}')[0][0]:,} rows")


@contextmanager
def data_docs(shop: Installation) -> Iterator[str]:
    """Serve the folder docs/ of the bucket."""
    s3 = shop.client("s3")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            try:
                body = s3.get_object(Bucket=shop.name, Key=f"docs{path}")["Body"].read()
            except ClientError:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", mimetypes.guess_type(path)[0] or "application/octet-stream")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


def say(text: str) -> None:
    """Say it at once."""
    print(text, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started ends with us, however we end
    with suppress(KeyboardInterrupt):
        main()
