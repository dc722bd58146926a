"""Parquet files of a place, written from Arrow batches wherever these are made: no Spark in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import TracebackType

    import pyarrow as pa

    from checkpoints.lake.layout import Place

_ROW_GROUP_BYTES = 32 * 1024 * 1024  # of Arrow's arrays
_FILE_BYTES = 128 * 1024 * 1024


class ParquetFiles:
    """Collects batches and writes them as Parquet, file after file, each under a name of its own.

    Nobody else's file is replaced, so that several processes, and several attempts of one task, can write to
    one place: who reads it must be told which files count. Memory: a row group, and a file as it is written.
    """

    def __init__(
        self, place: Place, schema: pa.Schema, varied: Collection[str] = (), *, is_empty_written: bool = False
    ) -> None:
        """Take the folder and how to write.

        Args:
            place: the folder.
            schema: of the files.
            varied: columns in which hardly a value repeats; they get no dictionary.
            is_empty_written: whether there is a file even if there is no row.
        """
        self.written: list[str] = []  # names of the files
        self._place = place
        self._schema = schema
        self._encoded = [name for name in schema.names if name not in varied]
        self._batches: list[pa.RecordBatch] = []
        self._batched_bytes = 0
        self._begin(is_wanted=is_empty_written)

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch, whose columns may be castable to the schema's types."""
        self._batches.append(batch)
        self._batched_bytes += batch.nbytes
        if self._batched_bytes >= _ROW_GROUP_BYTES:
            self._write_row_group()
            if self._sink.tell() >= _FILE_BYTES:
                self._end()
                self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left; nothing after an error."""
        if kind is None:
            self._write_row_group()
            self._end()

    def _begin(self, *, is_wanted: bool = False) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._sink = pa.BufferOutputStream()
        self._writer = pq.ParquetWriter(
            self._sink,
            self._schema,
            compression="zstd",
            use_dictionary=self._encoded,
            write_statistics=False,
            store_schema=False,
            store_decimal_as_integer=True,
        )
        self._is_wanted = is_wanted

    def _write_row_group(self) -> None:
        import pyarrow as pa

        if self._batches:
            self._writer.write_table(pa.Table.from_batches(self._batches).cast(self._schema))
            self._batches, self._batched_bytes, self._is_wanted = [], 0, True

    def _end(self) -> None:
        self._writer.close()
        if self._is_wanted:
            name = f"{uuid4().hex}.parquet"
            place = self._place.child(name)
            place.storage.write_file(place.path, self._sink.getvalue().to_pybytes())
            self.written.append(name)
