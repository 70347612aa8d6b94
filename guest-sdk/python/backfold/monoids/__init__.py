"""Monoids: the parts of a state.

A rebuild folds parts of history in parallel and combines their states, so a state has to depend on the events alone, to
the last bit, and not on where the parts begin. That rules out a plain sum of floats, t-digest, KLL and frequent items,
whose results depend on the order of merging.
"""

from .base import Deferred, Monoid
from .count_min import CountMin
from .dd_sketch import DdSketch
from .first_last import First, Last
from .hll import Hll
from .kept import Set, TopK
from .numbers import All, Max, Min, Sum
from .numbers import Any_ as Any
from .theta import Theta

__all__ = [
    "All",
    "Any",
    "CountMin",
    "DdSketch",
    "Deferred",
    "First",
    "Hll",
    "Last",
    "Max",
    "Min",
    "Monoid",
    "Set",
    "Sum",
    "Theta",
    "TopK",
]
