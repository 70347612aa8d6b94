"""The number of distinct values, estimated: HyperLogLog in the serialized form of Apache DataSketches."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, TypeVar

from . import hll_estimate
from .base import Deferred, M
from .murmur import LANE_BYTES, hashed, item_bytes, ones_of

I = TypeVar("I")

_LIST, _SET, _REGISTERS = (2, 8), (3, 9), (10, 10)  # the preamble's length in words, and the mode
_EMPTY, _COMPACT, _OUT_OF_ORDER = 4, 8, 16
_ADDRESS_BITS = 26
_ADDRESS = (1 << _ADDRESS_BITS) - 1
_MAX_REGISTER = 63
_PREAMBLE = 40  # bytes before the registers


# By the upper byte of a word, one more than its leading zeros, in the upper six bits; 0 where the byte does not tell.
_REGISTERS_BY_BYTE = bytes(9 - byte.bit_length() << 2 if byte else 0 for byte in range(256))


def coupons_of(type_: Any, items: list[Any]) -> list[int]:
    """The coupon of each item that is not empty: 6 bits of register value, 26 bits of address."""
    return hashed(item_bytes(type_, items), _coupons_of_lanes)


def _coupons_of_lanes(h1: int, h2: int, lanes: int) -> list[int]:
    """The coupons of a hash, without a step of Python for each lane: the lower four bytes of each lane."""
    size = LANE_BYTES * lanes
    coupons = bytearray((h1 & ones_of(lanes) * _ADDRESS).to_bytes(size, "little"))
    second = h2.to_bytes(size, "little")
    upper = second[7::LANE_BYTES]
    registers = int.from_bytes(upper.translate(_REGISTERS_BY_BYTE), "little")
    addresses = int.from_bytes(coupons[3::LANE_BYTES], "little")
    coupons[3::LANE_BYTES] = (registers | addresses).to_bytes(lanes, "little")
    lane = upper.find(0)
    while lane >= 0:
        word = int.from_bytes(second[lane * LANE_BYTES : lane * LANE_BYTES + 8], "little")
        coupons[lane * LANE_BYTES + 3] |= min(65 - word.bit_length(), _MAX_REGISTER) << 2
        lane = upper.find(0, lane + 1)
    found: list[int] = memoryview(coupons).cast("I")[:: LANE_BYTES // 4].tolist()
    return found


def _counted(type_: Any, items: list[Any]) -> list[Any]:
    """The items that are counted: not empty text or empty bytes."""
    return [item for item in items if len(item)] if type_ in (str, bytes) else items


def is_dense_at(coupons: int, lg_k: int) -> bool:
    """Whether a sketch holds registers for this many coupons."""
    return coupons >= 8 if lg_k < 8 else _overfull(coupons, lg_k - 3)


def _overfull(count: int, lg_table: int) -> bool:
    return 4 * count > 3 << lg_table


class Hll(Deferred[I]):
    """The number of distinct values, estimated from 2^`lg_k` registers with a relative error of about
    1.04 / sqrt(2^`lg_k`): 1.6 % for 12. Up to a few hundred values the estimate is exact for all practical purposes.
    Empty text and empty bytes are not counted.

    Declared by its type, and by its identity for another `lg_k`: `visitors: Hll[str]`, `users: Hll[int] = Hll(14)`.

    The state column is the serialized form of Apache DataSketches (`HLL_8`), with its coupons sorted and without the
    accumulator that depends on the order of insertions.
    """

    __slots__ = ("lg_k", "coupons", "registers", "type")
    columns = {"": bytes}

    def __init__(self, lg_k: int = 12) -> None:
        if not 4 <= lg_k <= 21:
            raise TypeError(f"lg_k is from 4 to 21, not {lg_k}")
        self.pending: list[Any] = []
        self.lg_k = lg_k
        self.type: Any = str
        self.coupons: set[int] | None = None
        self.registers: bytearray | None = None

    def of(self, type_: Any) -> None:
        """Sets the type of the values; a declaration calls this."""
        self.type = type_

    def fresh(self: M) -> M:
        new = type(self)(self.lg_k)  # type: ignore[attr-defined, call-arg]
        new.type = self.type  # type: ignore[attr-defined]
        return new

    def checked(self, item: I) -> I:
        if not isinstance(item, self.type):
            if self.type is float and isinstance(item, int):
                return float(item)  # type: ignore[return-value]
            raise TypeError(f"an Hll[{self.type.__name__}] takes no {item!r}")
        return item

    def absorb(self, items: list[Any]) -> None:
        self.add(coupons_of(self.type, _counted(self.type, items)))

    @classmethod
    def settle_all(cls, states: Iterable[Any]) -> None:
        due = [state for state in states if state.pending]
        if not due:
            return
        type_ = due[0].type
        items = list(chain.from_iterable([state.pending for state in due]))
        try:
            if type_ in (str, bytes) and type_() in items:
                for state in due:
                    state.pending[:] = _counted(type_, state.pending)
                items = list(chain.from_iterable([state.pending for state in due]))
            coupons = coupons_of(type_, items)
        except (TypeError, AttributeError, OverflowError):
            # Values of a pipeline with `fold_rows` come unchecked.
            for item in items:
                due[0].checked(item)
            raise
        start = 0
        for state in due:
            end = start + len(state.pending)
            state.pending.clear()
            state.add(coupons[start:end])
            start = end

    def add(self, coupons: Iterable[int]) -> None:
        """Counts items by their coupons."""
        if self.registers is not None:
            self._raise(coupons)
        elif self.coupons is None:
            self.coupons = set(coupons)
            self._densify_if_due()
        else:
            self.coupons.update(coupons)
            self._densify_if_due()

    def _densify_if_due(self) -> None:
        if self.coupons is not None and is_dense_at(len(self.coupons), self.lg_k):
            coupons, self.coupons = self.coupons, None
            self.registers = bytearray(1 << self.lg_k)
            self._raise(coupons)

    def _raise(self, coupons: Iterable[int]) -> None:
        registers: Any = self.registers
        slots = (1 << self.lg_k) - 1
        for coupon in coupons:
            slot = coupon & _ADDRESS & slots
            if coupon >> _ADDRESS_BITS > registers[slot]:
                registers[slot] = coupon >> _ADDRESS_BITS

    def combine(self: Any, right: Any) -> None:
        if right.registers is None:
            self.add(right.coupons or ())
        elif self.registers is None:
            coupons, self.coupons = self.coupons or (), None
            self.registers = bytearray(right.registers)
            self._raise(coupons)
        else:
            self.registers = bytearray(_greatest(self.registers, right.registers))

    def estimate(self) -> float:
        """The estimated number of distinct values."""
        held = self.settled()
        if held.registers is None:
            return hll_estimate.of_coupons(len(held.coupons or ()))
        return hll_estimate.of_registers(held.lg_k, *_sums(held.registers))

    def save(self) -> bytes:
        if self.registers is not None:
            return _dense(self.lg_k, bytes(self.registers))
        return _sparse(self.lg_k, sorted(self.coupons or ()))

    def load(self, *values: Any) -> None:
        (image,) = values
        self.pending.clear()
        self.coupons = self.registers = None
        mode = image[7] if len(image) > 7 else -1
        if mode == _REGISTERS[1]:
            self.registers = bytearray(image[_PREAMBLE:])
            if len(self.registers) != 1 << self.lg_k or max(self.registers) > _MAX_REGISTER or not any(self.registers):
                raise ValueError("not the registers of such a sketch")
        else:
            self.coupons = set(_coupons(image))
            if is_dense_at(len(self.coupons), self.lg_k) or min(self.coupons, default=_ADDRESS + 1) <= _ADDRESS:
                raise ValueError("not the coupons of such a sketch")
        if self.save() != image:
            raise ValueError(f"not an HLL sketch of lg_k {self.lg_k} in the canonical form")

    @classmethod
    def save_all(cls, states: Sequence[Any]) -> list[Any]:
        return [state.save() for state in states]

    @classmethod
    def combine_all(cls, identity: Any, left: list[list[Any]], right: list[list[Any]]) -> list[Any]:
        return [_merged(identity, ours, theirs) for ours, theirs in zip(left[0], right[0])]


def _merged(identity: Any, left: bytes, right: bytes) -> bytes:
    """The image of the union. Images of coupons are merged without making a sketch of either."""
    lg_k = identity.lg_k
    if left[3:4] == right[3:4] == bytes((lg_k,)) and left[7] != _REGISTERS[1] != right[7]:
        coupons = {*_coupons(left), *_coupons(right)}
        if not is_dense_at(len(coupons), lg_k):
            return _sparse(lg_k, sorted(coupons))
    ours, theirs = identity.fresh(), identity.fresh()
    ours.load(left)
    theirs.load(right)
    ours.combine(theirs)
    return bytes(ours.save())


def _coupons(image: bytes) -> memoryview:
    start = 12 if image[7] == _SET[1] else 8
    if (len(image) - start) % 4 or image[7] not in (_LIST[1], _SET[1]):
        raise ValueError("not an HLL sketch")
    return memoryview(image)[start:].cast("I")


def _preamble(shape: tuple[int, int], lg_k: int, lg_table: int, flags: int, count: int) -> bytes:
    return bytes((shape[0], 1, 7, lg_k, lg_table, flags, count, shape[1]))


def _sparse(lg_k: int, coupons: list[int]) -> bytes:
    count = len(coupons)
    encoded = array("I", coupons).tobytes()
    if count < 8:
        return _preamble(_LIST, lg_k, 3, _COMPACT | (0 if count else _EMPTY), count) + encoded
    lg_table = 5
    while _overfull(count, lg_table):
        lg_table += 1
    return _preamble(_SET, lg_k, lg_table, _COMPACT, 0) + count.to_bytes(4, "little") + encoded


def _dense(lg_k: int, registers: bytes) -> bytes:
    small, large, zeros = _sums(registers)
    counts = struct.pack("<dddII", 0.0, small, large, zeros, 0)
    return _preamble(_REGISTERS, lg_k, 0, _OUT_OF_ORDER, 0) + counts + registers


def _sums(registers: bytes | bytearray) -> tuple[float, float, int]:
    """The sums of 2^-register over registers below 32 and over the others, and the number of zero registers."""
    sums = [0.0, 0.0]
    left, value, zeros = len(registers), 0, registers.count(0)
    while left:
        count = registers.count(value)
        # Multiples of one power of two, and few enough: both sums are exact.
        sums[value >= 32] += count / (1 << value)
        left -= count
        value += 1
    return sums[0], sums[1], zeros


def _greatest(left: bytes | bytearray, right: bytes | bytearray) -> bytes:
    """The greater of each two bytes, none of which exceeds 127: all at once, as two long integers."""
    size = len(left)
    ones = int.from_bytes(b"\1" * size, "little")
    a, b = int.from_bytes(left, "little"), int.from_bytes(right, "little")
    # The upper bit of a byte says whether that of the left is not less.
    keeps = (((a | ones << 7) - b) >> 7 & ones) * 255
    return (a & keeps | b & ~keeps).to_bytes(size, "little")
