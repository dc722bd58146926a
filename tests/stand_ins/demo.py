"""Demo of the whole pipeline as on AWS: `make demo-aws`.

Files are dropped into a RAW bucket, Airflow's DAGs process them to the warehouse, and everything runs until
Ctrl-C. All services are stand-ins that listen on loopback only.
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

from dags.sample.days import DAYS, clock_after
from dags.sample.generate import generate
from tests.shipped import GOLD_TABLES
from tests.stand_ins.airflow import until
from tests.stand_ins.lakehouse import services_on_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stand_ins.lakehouse import Installation

SAMPLE_BYTES = 1024 * 1024
DATASETS = ("events", "users", "transactions")
AS_OF = clock_after(DAYS).isoformat()


def main() -> None:
    """Run the demo until Ctrl-C."""
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
                say("\nPress Ctrl-C to stop.")
                threading.Event().wait()


def run(shop: Installation, raw: Path) -> None:
    """Start the waiting DAGs, drop a messy sample, and wait for the end of all runs."""
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
    say(f"dropped {len(files)} files into s3://{shop.name}/raw; DAG runs:")
    reported: set[str] = set()
    while not airflow.runs("lakehouse") or airflow.active():
        report(shop, reported)
        time.sleep(2)
    report(shop, reported)


def report(shop: Installation, reported: set[str]) -> None:
    """Print DAG runs that ended since the last call."""
    for dag in sorted(shop.airflow.dag_ids()):
        for one in shop.airflow.runs(dag):
            line = f"  {dag} {one['dag_run_id']}: {one['state']}"
            if one["state"] in ("success", "failed") and line not in reported:
                reported.add(line)
                say(line)


def show(shop: Installation) -> None:
    """Print the row counts of the warehouse."""
    say("\nThe warehouse:")
    for table in GOLD_TABLES:
        say(f"  {table}: {shop.query(f'SELECT count(*) FROM {table}')[0][0]:,} rows")


@contextmanager
def data_docs(shop: Installation) -> Iterator[str]:
    """Serve the bucket's folder docs/ over HTTP; yield the URL."""
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
            """Suppress the log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


def say(text: str) -> None:
    """Print and flush."""
    print(text, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that SIGTERM stops all services as well
    with suppress(KeyboardInterrupt):
        main()
