"""Zero-copy numpy view of an Arrow string array: its bytes and offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Positions = NDArray[np.int64]
    Marks = NDArray[np.bool_]


def bytes_of(texts: pa.StringArray) -> tuple[Bytes, Positions]:
    """Return the bytes of all strings, and the offset of each string's beginning plus the last one's end.

    A null may cover any bytes, as Arrow allows. The array must not be empty: its buffers could be missing.
    """
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32, len(texts) + 1, 4 * texts.offset).astype(np.int64)
    text = np.frombuffer(data or b"", np.uint8)
    return text[bounds[0] : bounds[-1]], bounds - bounds[0]
