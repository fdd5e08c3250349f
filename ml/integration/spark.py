"""Spark as the engine: for data that outgrows a machine, on EMR Serverless or in this process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
from ibis.expr.types import Table
from py4j.protocol import Py4JJavaError
from pyspark import SparkConf
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from ml.integration.engines import Name, Unreadable
from ml.integration.places import Edges, Files
from ml.quality.contract import NULL, Kind

_TYPES: Mapping[Kind, str] = {
    "integer": "INT",
    "number": "DOUBLE",
    "text": "STRING",
    "moment": "TIMESTAMP_NTZ",
}

_OURS = {
    # A moment is UTC wherever the job runs, and a value that does not fit is an error, as with DuckDB.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
}


def session(threads: int | None = None) -> SparkSession:
    """The session that runs, or a new one: on this machine, unless `spark-submit` says where."""
    running = SparkSession.getActiveSession()
    if running is not None:
        return running
    builder = SparkSession.builder.appName("prepare")
    if not SparkConf().contains("spark.master"):
        cores = threads or os.cpu_count() or 1
        builder = builder.master(f"local[{cores}]").config("spark.sql.shuffle.partitions", 2 * cores)
        builder = builder.config("spark.ui.enabled", "false").config("spark.driver.bindAddress", "127.0.0.1")
        builder = builder.config("spark.driver.host", "127.0.0.1")
    return builder.getOrCreate()


class Spark:
    """Spark by a session; one that was there before (a notebook's, a test's) is left running."""

    name: Name = "spark"

    def __init__(self, threads: int | None = None) -> None:
        self._stop = SparkSession.getActiveSession() is None
        self.session = session(threads)
        for key, value in _OURS.items():
            self.session.conf.set(key, value)
        self.connection = ibis.pyspark.connect(self.session)
        self.files: Files = HadoopFiles(self.session)
        self._kept: dict[str, DataFrame] = {}

    def read_csv(self, name: str, path: str, columns: Mapping[str, Kind]) -> Table:
        schema = ", ".join(f"`{column}` {_TYPES[kind]}" for column, kind in columns.items())
        reader = self.session.read.schema(schema).options(
            header=True,
            nullValue=NULL,
            mode="FAILFAST",
            quote='"',
            escape='"',
            timestampNTZFormat="yyyy-MM-dd'T'HH:mm:ss'Z'",
        )
        try:
            return self._hold(name, reader.csv(path))
        except (Py4JJavaError, PySparkException) as error:
            self.drop(name)
            raise Unreadable(str(error).splitlines()[0]) from None

    def read_parquet(self, paths: Sequence[str]) -> Table:
        name = f"parquet_{len(self._kept)}_{abs(hash(tuple(paths)))}"
        self.session.read.parquet(*paths).createOrReplaceTempView(name)
        return self.connection.table(name)

    def keep(self, name: str, table: Table) -> Table:
        return self._hold(name, self._frame(table))

    def drop(self, name: str) -> None:
        frame = self._kept.pop(name, None)
        if frame is not None:
            frame.unpersist()
            self.session.catalog.dropTempView(name)

    def rows(self, table: Table) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._frame(table).collect()]

    def first_row(self, table: Table) -> tuple[Any, ...]:
        return self.rows(table)[0]

    def write_parquet(self, table: Table, folder: str) -> None:
        self._frame(table).write.mode("overwrite").parquet(folder)

    def close(self) -> None:
        for name in list(self._kept):
            self.drop(name)
        if self._stop:
            self.session.stop()

    def _frame(self, table: Table) -> DataFrame:
        return self.session.sql(self.connection.compile(table))

    def _hold(self, name: str, frame: DataFrame) -> Table:
        held = frame.persist()
        self._kept[name] = held
        held.createOrReplaceTempView(name)
        # Computed now, and once: what is wrong with the data shows here and not in a later step.
        held.count()
        return self.connection.table(name)


class HadoopFiles:
    """Files by Spark's own file systems: s3:// on EMR, folders of this machine anywhere."""

    def __init__(self, spark: SparkSession) -> None:
        self._jvm: Any = spark._jvm
        self._conf: Any = spark._jsc.hadoopConfiguration()

    def is_file(self, path: str) -> bool:
        place, system = self._at(path)
        return bool(system.exists(place)) and bool(system.getFileStatus(place).isFile())

    def listed(self, folder: str, ending: str) -> list[str]:
        place, system = self._at(folder)
        if not system.exists(place):
            return []
        names = [str(found.getPath().getName()) for found in system.listStatus(place)]
        return sorted(name for name in names if name.endswith(ending))

    def edges(self, path: str) -> Edges:
        place, system = self._at(path)
        size = int(system.getFileStatus(place).getLen())
        stream = system.open(place)
        try:
            text = self._jvm.java.io.InputStreamReader(stream, "UTF-8")
            line = self._jvm.java.io.BufferedReader(text).readLine()
            last = b""
            if size:
                stream.seek(size - 1)
                last = bytes([stream.read()])
            return Edges((line or "").encode(), last)
        finally:
            stream.close()

    @contextmanager
    def local(self, path: str) -> Iterator[Path]:
        place, system = self._at(path)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / str(place.getName())
            system.copyToLocalFile(place, self._jvm.org.apache.hadoop.fs.Path(copy.as_uri()))
            yield copy

    def write(self, path: str, content: bytes) -> None:
        place, system = self._at(path)
        stream = system.create(place, True)
        try:
            stream.write(content)
        finally:
            stream.close()

    def _at(self, path: str) -> tuple[Any, Any]:
        """The path and its file system, as Hadoop has them."""
        place = self._jvm.org.apache.hadoop.fs.Path(path)
        return place, place.getFileSystem(self._conf)
