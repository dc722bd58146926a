"""Parquet files written from Arrow batches, without Spark's writer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import TracebackType

    import pyarrow as pa

    from checkpoints.storage.place import Place

_ROW_GROUP_BYTES = 32 * 1024 * 1024  # of Arrow's arrays
_FILE_BYTES = 128 * 1024 * 1024


class ParquetBatchWriter:
    """Collects batches and writes them as Parquet files with unique names.

    Several processes, and several attempts of one task, can write to one folder; readers need the names of
    the files that count (``written``). Memory: one row group, and one encoded file.
    """

    def __init__(
        self, place: Place, schema: pa.Schema, varied: Collection[str] = (), *, is_empty_written: bool = False
    ) -> None:
        """Open the first file.

        Args:
            place: the folder.
            schema: of the files.
            varied: columns of mostly distinct values; they get no dictionary.
            is_empty_written: whether to write a file if there is no row.
        """
        self.written: list[str] = []  # names of the files
        self._place = place
        self._schema = schema
        self._encoded = [name for name in schema.names if name not in varied]
        self._batches: list[pa.RecordBatch] = []
        self._batched_bytes = 0
        self._open_file(is_wanted=is_empty_written)

    def add(self, batch: pa.RecordBatch) -> None:
        """Append a batch, whose columns are cast to the schema's types."""
        self._batches.append(batch)
        self._batched_bytes += batch.nbytes
        if self._batched_bytes >= _ROW_GROUP_BYTES:
            self._write_row_group()
            if self._sink.tell() >= _FILE_BYTES:
                self._close_file()
                self._open_file()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the remaining batches, unless an error was raised."""
        if kind is None:
            self._write_row_group()
            self._close_file()

    def _open_file(self, *, is_wanted: bool = False) -> None:
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

    def _close_file(self) -> None:
        self._writer.close()
        if self._is_wanted:
            name = f"{uuid4().hex}.parquet"
            place = self._place.child(name)
            place.storage.write_file(place.path, self._sink.getvalue().to_pybytes())
            self.written.append(name)
