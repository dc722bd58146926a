"""The text of an Arrow array of strings as numpy sees it: bytes, and where each string begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Places = NDArray[np.int64]
    Marks = NDArray[np.bool_]


def bytes_of(texts: pa.StringArray) -> tuple[Bytes, Places]:
    """Return the text of all strings, and where each begins, the end of the last included.

    Behind a null may stand any text, as Arrow has it. Not for arrays without a string, whose buffers may be
    missing.
    """
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32, len(texts) + 1, 4 * texts.offset).astype(np.int64)
    text = np.frombuffer(data or b"", np.uint8)
    return text[bounds[0] : bounds[-1]], bounds - bounds[0]
