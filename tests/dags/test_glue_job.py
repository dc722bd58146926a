"""The job that Glue runs: its arguments, its verdict file, its exit status, and attempts at the same run."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

import contracts
import quarantine_policies
from contracts.errors import ConfigurationError
from dags.glue.arguments import read_arguments
from dags.glue.main import run_job, submitted_spark
from dags.pipeline.context import new_run
from dags.pipeline.progress import Quiet
from dags.pipeline.transition_attempt import run_transition_attempt
from dags.pipeline.verdict_file import Outcome, read_outcome, verdict_place
from dags.settings import Settings
from quarantine_policies.decision import Verdict
from tests.dags.lake_runs import AS_OF, LakeRuns
from tests.stand_ins.glue.site.awsglue.context import MADE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

SITE = Path(__file__).parents[1] / "stand_ins/glue/site"

FROM_GLUE = (
    *("--JOB_ID", "j_1", "--JOB_RUN_ID", "jr_1", "--JOB_NAME", "lakegate-raw-to-bronze"),
    *("--TempDir", "s3://tmp/x", "--job-bookmark-option", "job-bookmark-disable", "--enable-metrics", "true"),
    *("--additional-python-modules", "s3://a/x.gluewheels.zip", "--enable-auto-scaling", "true"),
    *("--python-modules-installer-option", "--no-index"),
)


def job(lake: LakeRuns, transition: str, *arguments: str, run_id: str = "r1") -> int:
    """Run the job in this process and return its exit status."""
    common = ("--transition", transition, "--lake", str(lake.root), "--run_id", run_id, "--as_of", AS_OF)
    return run_job([*common, *arguments])


def verdict_file(lake: LakeRuns, transition: str, run_id: str = "r1") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(verdict_place(lake.lake, run_id, transition).read_bytes())
    return document


def outcome(lake: LakeRuns, transition: str, run_id: str = "r1") -> Outcome:
    found = read_outcome(lake.lake, run_id, transition)
    assert found is not None
    return found


def test_arguments_of_glue_are_let_through() -> None:
    parsed = read_arguments(["--transition", "raw_to_bronze", *FROM_GLUE, "--lake", "s3://lake"])
    assert parsed.settings == {"lake": "s3://lake"}
    assert parsed.ignored == (
        *("--JOB_ID", "--JOB_NAME", "--TempDir", "--job-bookmark-option", "--enable-metrics"),
        *("--additional-python-modules", "--enable-auto-scaling"),
        *("--python-modules-installer-option", "--no-index"),
    )


def test_a_job_without_a_run_id_takes_that_of_glue() -> None:
    assert read_arguments(["--transition", "raw_to_bronze", *FROM_GLUE]).run_id == "jr_1"
    assert read_arguments(["--transition", "raw_to_bronze", *FROM_GLUE, "--run_id", "r"]).run_id == "r"


def test_every_setting_is_an_argument_in_both_spellings_and_an_empty_one_is_none_given() -> None:
    parsed = read_arguments(
        [
            *(
                "--transition=silver_to_gold",
                "--run-id",
                "r",
                "--as_of",
                "",
                "--force",
                "--raw-root",
                "s3://raw",
            ),
            *("--metrics_root", "s3://m/x", "--spark_options", '{"spark.sql.shuffle.partitions": "8"}'),
            *("--contracts", "s3://a/contracts", "--warehouse", ""),
        ]
    )
    assert (parsed.transition, parsed.run_id, parsed.as_of, parsed.is_forced) == (
        "silver_to_gold",
        "r",
        None,
        True,
    )
    assert parsed.settings == {
        "raw_root": "s3://raw",
        "metrics_root": "s3://m/x",
        "spark_options": {"spark.sql.shuffle.partitions": "8"},
    }
    assert parsed.folders == {"contracts": "s3://a/contracts"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "--transition: missing argument"),
        (["--transition", "gold"], "'gold'"),
        (["--transition", "raw_to_bronze", "--force", "perhaps"], "--force"),
        (["--transition", "raw_to_bronze", "--on_block", "cry"], "expected fail, succeed"),
        (
            ["--transition", "raw_to_bronze", "--spark_options", "x"],
            "--spark_options: invalid JSON",
        ),
        (["--transition"], "expected one argument"),
    ],
)
def test_arguments_that_cannot_be_followed_are_named(arguments: list[str], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        read_arguments(arguments)


def test_a_job_takes_in_one_dataset_alone(lake: LakeRuns) -> None:
    lake.drop_shop()
    assert job(lake, "raw_to_bronze", "--dataset", "users") == 0
    assert read_outcome(lake.lake, "r1", "raw_to_bronze", "users") is not None
    assert read_outcome(lake.lake, "r1", "raw_to_bronze") is None
    assert not (lake.root / "bronze/events/events.csv").exists()


def test_a_job_for_an_unknown_dataset_exits_2(lake: LakeRuns, capsys: pytest.CaptureFixture[str]) -> None:
    lake.drop_shop()
    assert job(lake, "raw_to_bronze", "--dataset", "user") == 2
    assert "--dataset: unknown dataset (expected events, users, transactions" in capsys.readouterr().err


def test_wrong_arguments_exit_2_with_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_job(["--transition", "sideways"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_verdict_file_holds_the_transition_as_run_json_prints_it(lake: LakeRuns) -> None:
    lake.drop_shop()
    lake.drop("events/notes.docx", "no data")
    assert job(lake, "raw_to_bronze", *FROM_GLUE) == 0
    document = verdict_file(lake, "raw_to_bronze")

    twin = LakeRuns(lake.root.parent / "twin", lake.spark)
    shutil.copytree(lake.root / "raw", twin.root / "raw")
    (printed,) = twin.run(only="raw_to_bronze", run_id="r1")["transitions"]
    assert {**document, "seconds": 0} == {
        **json.loads(json.dumps(printed).replace(str(twin.root), str(lake.root))),
        "seconds": 0,
        "run_id": "r1",
        "as_of": AS_OF,
        "job_run_id": "jr_1",
        "docs": str(lake.root / "docs/index.html"),
    }
    assert document["verdict"] == "warn"


def test_a_run_id_of_airflow_gives_a_file_name_for_every_storage(lake: LakeRuns) -> None:
    lake.drop_shop()
    run_id = "manual__2024-05-01T00:00:00+00:00"
    assert job(lake, "raw_to_bronze", run_id=run_id) == 0
    assert outcome(lake, "raw_to_bronze", run_id).run_id == run_id
    assert ":" not in verdict_place(lake.lake, run_id, "raw_to_bronze").path


@pytest.fixture
def no_rejects(tmp_path: Path) -> tuple[str, str]:
    """The argument that names policies by which a single rejected file of events blocks raw_to_bronze."""
    folder = tmp_path / "policies"
    folder.mkdir()
    for path in Path(quarantine_policies.__file__).parent.glob("*.yaml"):
        text = path.read_text()
        (folder / path.name).write_text(
            text.replace("max_rejected_bytes_ratio: null", "max_rejected_bytes_ratio: 0.0")
        )
    return "--policies", str(folder)


def test_a_blocked_run_exits_3_and_its_verdict_file_says_block(
    lake: LakeRuns, no_rejects: tuple[str, str]
) -> None:
    lake.drop_shop()
    lake.drop("events/notes.docx", "no data")
    assert job(lake, "raw_to_bronze", *no_rejects) == 3
    blocked = outcome(lake, "raw_to_bronze").report
    assert blocked is not None
    assert blocked.verdict is Verdict.BLOCK
    assert [one.failed for one in blocked.datasets] == [("rejected_bytes_ratio",), (), ()]


def test_on_glue_a_blocked_job_succeeds_and_leaves_the_rest_to_the_gate_task(
    lake: LakeRuns, no_rejects: tuple[str, str]
) -> None:
    lake.drop("events/notes.docx", "no data")
    assert job(lake, "raw_to_bronze", *no_rejects, "--on_block", "succeed") == 0
    assert verdict_file(lake, "raw_to_bronze")["verdict"] == "block"


def test_a_failed_run_exits_1_and_its_verdict_file_has_the_sentence_and_no_verdict(lake: LakeRuns) -> None:
    lake.drop_shop()
    assert job(lake, "bronze_to_silver", "--on_block", "succeed") == 1
    document = verdict_file(lake, "bronze_to_silver")
    assert "verdict" not in document
    assert "nothing was ever promoted to BRONZE" in document["error"].pop("sentence")
    assert document["error"] == {"is_transient": False, "exit_status": 1}


def test_wrong_contracts_exit_2_and_the_verdict_file_names_them(lake: LakeRuns, tmp_path: Path) -> None:
    lake.drop_shop()
    assert job(lake, "raw_to_bronze", "--contracts", str(tmp_path / "nowhere")) == 2
    failure = outcome(lake, "raw_to_bronze").error
    assert failure is not None
    assert failure.exit_status == 2
    assert "contracts folder not found" in failure.sentence


def test_a_second_attempt_at_a_run_promotes_nothing_and_leaves_the_verdict(lake: LakeRuns) -> None:
    lake.drop_shop()
    lake.drop("users/notes.docx", "no data")
    assert job(lake, "raw_to_bronze") == 0
    before, files = lake.pointers(), verdict_files(lake)
    assert job(lake, "raw_to_bronze") == 0
    assert (lake.pointers(), verdict_files(lake)) == (before, files)
    assert verdict_file(lake, "raw_to_bronze")["datasets"][0]["files"]["valid"] == 1


@pytest.mark.slow
def test_a_second_attempt_at_silver_stays_a_warning_also_when_it_is_forced(lake: LakeRuns) -> None:
    lake.drop_shop()
    lake.drop("users/more.csv", "user_id,age\nu7,300\nu8,8\nu9,9\nu10,10\n")  # one row to quarantine
    for transition in ("raw_to_bronze", "bronze_to_silver"):
        assert job(lake, transition) == 0
    before, files = lake.pointers(), verdict_files(lake)
    for _ in range(2):
        assert job(lake, "bronze_to_silver", "--force", "true") == 0
    assert (lake.pointers(), verdict_files(lake)) == (before, files)
    assert verdict_file(lake, "bronze_to_silver")["verdict"] == "warn"


def verdict_files(lake: LakeRuns) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (lake.root / "metrics/verdicts/r1").iterdir()}


def test_another_run_id_gives_a_verdict_of_its_own(lake: LakeRuns) -> None:
    lake.drop_shop()
    job(lake, "raw_to_bronze")
    job(lake, "raw_to_bronze", run_id="r2")
    verdicts = [verdict_file(lake, "raw_to_bronze", run_id)["verdict"] for run_id in ("r1", "r2")]
    assert verdicts == ["pass", "unchanged"]


def test_an_attempt_that_finds_news_is_judged_anew(lake: LakeRuns) -> None:
    lake.drop_shop()
    job(lake, "raw_to_bronze")
    lake.drop("events/notes.docx", "no data")
    job(lake, "raw_to_bronze")
    assert verdict_file(lake, "raw_to_bronze")["verdict"] == "warn"


def test_a_blocked_run_is_judged_again_under_the_same_id(lake: LakeRuns, no_rejects: tuple[str, str]) -> None:
    lake.drop_shop()
    bad = lake.drop("events/notes.docx", "no data")
    assert job(lake, "raw_to_bronze", *no_rejects) == 3
    bad.unlink()
    assert job(lake, "raw_to_bronze", *no_rejects) == 0
    assert verdict_file(lake, "raw_to_bronze")["verdict"] == "pass"


def test_an_attempt_that_fails_after_one_that_promoted_does_not_hide_it(lake: LakeRuns) -> None:
    lake.drop_shop()
    job(lake, "raw_to_bronze")
    promoted = verdict_file(lake, "raw_to_bronze")

    assert job(lake, "raw_to_bronze", "--contracts", str(lake.root / "nowhere")) == 2
    failed = verdict_file(lake, "raw_to_bronze")
    assert "verdict" not in failed
    assert failed["earlier"] == {name: promoted[name] for name in failed["earlier"]}

    assert job(lake, "raw_to_bronze") == 0
    assert verdict_file(lake, "raw_to_bronze") == promoted


def test_an_unexpected_error_is_reported_with_its_type(lake: LakeRuns) -> None:
    lake.drop_shop()
    lake.report(only="raw_to_bronze")

    def broken_spark() -> Any:
        raise OSError("the cluster\nis gone")

    run = new_run(as_of=AS_OF, run_id="r1")
    ended = run_transition_attempt(lake.settings, run, "bronze_to_silver", Quiet(), start_spark=broken_spark)
    assert ended.error is not None
    assert ended.error.sentence == "OSError: the cluster is gone"
    assert outcome(lake, "bronze_to_silver") == ended


def test_a_lake_that_cannot_be_written_exits_1_with_the_sentence_of_the_first_trouble(
    lake: LakeRuns, capsys: pytest.CaptureFixture[str]
) -> None:
    lake.root.parent.mkdir(parents=True, exist_ok=True)
    lake.root.write_text("a file where the lake should be")
    assert job(lake, "raw_to_bronze") == 1
    assert "lakegate: " in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(("own", "found"), [(None, "eu-west-1"), ("eu-west-3", "eu-west-3")])
def test_a_job_gets_its_region_unless_the_environment_names_one(
    lake: LakeRuns, monkeypatch: pytest.MonkeyPatch, own: str | None, found: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", own or "restored afterwards")
    if own is None:
        monkeypatch.delenv("AWS_DEFAULT_REGION")
    job(lake, "raw_to_bronze", "--region", "eu-west-1")
    assert os.environ["AWS_DEFAULT_REGION"] == found


@pytest.fixture
def no_awsglue_afterwards() -> Iterator[None]:
    yield
    for name in [name for name in sys.modules if name.startswith("awsglue")]:
        del sys.modules[name]


@pytest.mark.usefixtures("no_awsglue_afterwards")
@pytest.mark.parametrize("is_glue", [False, True])
def test_joining_the_spark_of_glue_makes_a_glue_context_since_metrics_start_with_it(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, is_glue: bool
) -> None:
    spark.sparkContext.setLocalProperty(MADE, "false")
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    if is_glue:
        monkeypatch.syspath_prepend(SITE)
    join = submitted_spark(Settings())
    assert join is not None
    assert join() is spark
    assert spark.sparkContext.getLocalProperty(MADE) == str(is_glue).lower()


@pytest.mark.usefixtures("no_awsglue_afterwards")
def test_a_job_whose_metrics_cannot_start_does_its_work(
    spark: SparkSession,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    module = tmp_path / "awsglue"
    module.mkdir()
    module.joinpath("__init__.py").touch()
    module.joinpath("context.py").write_text("def GlueContext(spark): raise OSError('no metrics here')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    join = submitted_spark(Settings())
    assert join is not None
    assert join() is spark
    assert "no metrics of this job: OSError: no metrics here" in capsys.readouterr().err


def test_spark_on_glue_names_the_key_of_the_lake_when_it_writes(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    join = submitted_spark(Settings(kms_key="arn:aws:kms:eu-west-1:123456789012:key/k"))
    assert join is not None
    options = ("spark.hadoop.fs.s3a.encryption.algorithm", "spark.hadoop.fs.s3a.encryption.key")
    assert [join().conf.get(name) for name in options] == [
        "SSE-KMS",
        "arn:aws:kms:eu-west-1:123456789012:key/k",
    ]
    for name in options:
        spark.conf.unset(name)


def test_contracts_and_policies_may_lie_in_a_bucket(lake: LakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    lake.drop_shop()
    shipped = Path(contracts.__file__).parent
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="artifacts")
        for path in shipped.rglob("*.yaml"):
            text = re.sub(r"(?m)^version: .*", "version: 7.0.0", path.read_text(), count=1)
            s3.put_object(
                Bucket="artifacts",
                Key=f"contracts/{path.relative_to(shipped).as_posix()}",
                Body=text.encode(),
            )
        assert job(lake, "raw_to_bronze", "--contracts", "s3://artifacts/contracts") == 0
        assert job(lake, "raw_to_bronze", "--policies", "s3://artifacts/policies", run_id="r2") == 2
    metrics = json.loads((lake.root / "metrics/r1/raw_to_bronze/events.json").read_text())
    assert metrics["contract_version"] == "7.0.0"
    failure = outcome(lake, "raw_to_bronze", "r2").error
    assert failure is not None
    assert failure.sentence == "s3://artifacts/policies: no YAML files found; run `lakegate deploy`"
