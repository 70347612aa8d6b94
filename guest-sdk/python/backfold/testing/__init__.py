"""Tests of a pipeline without a component: fold JSON rows, look at the states, check the laws.

Rows become columns, and columns become states, by the code that the component runs. Only the sandbox is missing.
"""

from .folded import Folded, Rejected, fold_json
from .laws import LawError, laws, monoid_laws

__all__ = ["Folded", "LawError", "Rejected", "fold_json", "laws", "monoid_laws"]
