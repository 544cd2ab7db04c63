"""The values of a record as the text in which they lie on sync's disk: for the servers, and for looking back."""

import json
import math
from collections.abc import Sequence

from heliograph.contract.records import Value


def written(values: Sequence[Value]) -> str:
    """Write values as a JSON array; what JSON cannot carry is missing."""
    try:
        return json.dumps(values, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except ValueError:
        finite = [None if isinstance(v, float) and not math.isfinite(v) else v for v in values]
        return json.dumps(finite, separators=(",", ":"), ensure_ascii=False)
