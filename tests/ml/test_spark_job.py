"""Whether a job run of EMR Serverless in the sandbox prepares a sample with Spark, from S3 to S3."""

from __future__ import annotations

import importlib.util
import json
import shutil
import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.packaging.source import pack
from ml.flights.case import CASE
from ml.integration.preparation import prepare
from sandbox.runtime import daemon

ENTRY = Path(__file__).resolve().parents[2] / "ml/integration/spark_entry.py"
PATIENCE_SECONDS = 1200


@pytest.mark.soak
@pytest.mark.skipif(
    importlib.util.find_spec("pyspark") is None or shutil.which("java") is None,
    reason="the engine Spark needs pyspark and Java",
)
def test_a_job_run_of_emr_serverless_prepares_the_sample(few: Path, tmp_path: Path) -> None:
    address = daemon.start(tmp_path / "sandbox")
    try:
        variables = daemon.environment(address)

        def client(service: str) -> Any:
            return boto3.client(
                service,
                endpoint_url=address.endpoint_url,
                region_name=address.region,
                aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            )

        s3, emr = client("s3"), client("emr-serverless")
        s3.create_bucket(Bucket="lake")
        s3.put_object(Bucket="lake", Key="spark/prepare.py", Body=ENTRY.read_bytes())
        s3.put_object(Bucket="lake", Key="source/source.tar.gz", Body=pack(ENTRY.parents[1]))
        for path in few.glob("*.csv"):
            s3.put_object(Bucket="lake", Key=f"raw/flights/{path.name}", Body=path.read_bytes())
        application = emr.create_application(name="spark", releaseLabel="emr-7.9.0", type="SPARK")
        places = {"--raw": "s3://lake/raw/flights", "--out": "s3://lake/curated/flights"}
        named = {"--case": "ml.flights", "--source": "s3://lake/source/source.tar.gz", **places}
        run = {
            "applicationId": application["applicationId"],
            "jobRunId": emr.start_job_run(
                applicationId=application["applicationId"],
                executionRoleArn="arn:aws:iam::123456789012:role/data",
                jobDriver={
                    "sparkSubmit": {
                        "entryPoint": "s3://lake/spark/prepare.py",
                        "entryPointArguments": [word for pair in named.items() for word in pair],
                    }
                },
            )["jobRunId"],
        }
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = emr.get_job_run(**run)["jobRun"]
            if found["state"] in ("SUCCESS", "FAILED"):
                break
            time.sleep(1)
        assert found["state"] == "SUCCESS", found["stateDetails"]
        body = s3.get_object(Bucket="lake", Key="curated/flights/report/report.json")["Body"].read()
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket="lake", Prefix="curated/")["Contents"]]
    finally:
        daemon.stop(tmp_path / "sandbox")
    here = prepare(CASE, few, tmp_path / "here", threads=2)
    report = json.loads(body)
    assert report["engine"] == "spark"
    assert report["sets"] == here.sets
    assert {Path(key).parent.name for key in keys} == {"train", "validation", "test", "report", "examples"}
    assert not [key for key in keys if Path(key).name.startswith(("_", "."))]
