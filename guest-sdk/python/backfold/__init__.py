"""Write a backfold pipeline in Python: the columns that it reads, the key of a state, and the state. See the README."""

from .errors import Reject
from .event import (
    day_of,
    event,
    offset,
    partition,
    path,
    payload,
    record_header,
    record_key,
    record_time,
    source_name,
    start_of,
)
from .monoids import All, Any, CountMin, DdSketch, Deferred, First, Hll, Last, Max, Min, Monoid, Set, Sum, Theta, TopK
from .pipeline import Pipeline, Rows
from .values import Date, Json, Timestamp

__all__ = [
    "All",
    "Any",
    "CountMin",
    "Date",
    "DdSketch",
    "Deferred",
    "First",
    "Hll",
    "Json",
    "Last",
    "Max",
    "Min",
    "Monoid",
    "Pipeline",
    "Reject",
    "Rows",
    "Set",
    "Sum",
    "Theta",
    "Timestamp",
    "TopK",
    "day_of",
    "event",
    "offset",
    "partition",
    "path",
    "payload",
    "record_header",
    "record_key",
    "record_time",
    "source_name",
    "start_of",
]
