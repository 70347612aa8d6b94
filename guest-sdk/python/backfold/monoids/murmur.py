"""The hash of Apache DataSketches, for many items at once.

MurmurHash3 (x64, 128 bits) takes a dozen multiplications of 64 bits, each of which costs as much in Python as a loop of
C. So items of the same length are hashed together: their words are the lanes of one long integer, 128 bits apart, where
a product of two words does not reach the next lane.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")

SEED = 9001
_C1, _C2 = 0x87C3_7B91_1142_53D5, 0x4CF5_AD43_2745_937F
LANE_BYTES = 16
_LANE = 8 * LANE_BYTES
_WORD = (1 << 64) - 1
# Items that are hashed at once: long enough to make up for the calls, short enough for the cache of a core.
_LANES = 256
# So many items tell whether most of them occur more than once.
_SAMPLE = 1024


@lru_cache(maxsize=512)
def ones_of(lanes: int) -> int:
    """One in each lane."""
    return ((1 << (_LANE * lanes)) - 1) // ((1 << _LANE) - 1)


def _hash(blob: bytes, length: int, lanes: int, seed: int) -> tuple[int, int]:
    """The two words of the hash of each item; `blob` holds for each block of 16 bytes all items' blocks."""
    ones = ones_of(lanes)
    mask = ones * _WORD
    h1 = h2 = ones * seed
    size = 16 * lanes
    for block in range(length // 16):
        words = int.from_bytes(blob[block * size : (block + 1) * size], "little")
        k = (words & mask) * _C1 & mask
        k = (k << 31 | k >> 33) & mask
        h1 ^= k * _C2 & mask
        h1 = ((h1 << 27 | h1 >> 37) & mask) + h2 & mask
        h1 = h1 * 5 + ones * 0x52DC_E729 & mask
        k = (words >> 64 & mask) * _C2 & mask
        k = (k << 33 | k >> 31) & mask
        h2 ^= k * _C1 & mask
        h2 = ((h2 << 31 | h2 >> 33) & mask) + h1 & mask
        h2 = h2 * 5 + ones * 0x3849_5AB5 & mask
    if length % 16:
        words = int.from_bytes(blob[length // 16 * size :], "little")
        k = (words & mask) * _C1 & mask
        k = (k << 31 | k >> 33) & mask
        h1 ^= k * _C2 & mask
        if length % 16 > 8:
            k = (words >> 64 & mask) * _C2 & mask
            k = (k << 33 | k >> 31) & mask
            h2 ^= k * _C1 & mask
    lengths = ones * length
    h1 ^= lengths
    h2 ^= lengths
    h1 = h1 + h2 & mask
    h2 = h2 + h1 & mask
    h1, h2 = _avalanche(h1, ones, mask), _avalanche(h2, ones, mask)
    h1 = h1 + h2 & mask
    return h1, h2 + h1 & mask


def _avalanche(k: int, ones: int, mask: int) -> int:
    upper = ones * (_WORD >> 33)
    k = (k ^ (k >> 33 & upper)) * 0xFF51_AFD7_ED55_8CCD & mask
    k = (k ^ (k >> 33 & upper)) * 0xC4CE_B9FE_1A85_EC53 & mask
    return k ^ (k >> 33 & upper)


def murmur3(items: Sequence[bytes], seed: int = SEED) -> tuple[list[int], list[int]]:
    """The first and the second 64-bit word of the hash of each item."""
    pairs = hashed(items, lambda h1, h2, lanes: list(zip(_words(h1, lanes), _words(h2, lanes))), seed)
    return [h1 for h1, _ in pairs], [h2 for _, h2 in pairs]


def hashed(items: Sequence[bytes], made: Callable[[int, int, int], list[T]], seed: int = SEED) -> list[T]:
    """What `made` makes of the hash of each item: of the lanes of the first words, of those of the second, and the number
    of lanes."""
    sample = items[:_SAMPLE]
    if 2 * len(set(sample)) < len(sample):
        distinct = list(dict.fromkeys(items))
        return list(map(dict(zip(distinct, _by_length(distinct, made, seed))).__getitem__, items))
    return _by_length(items, made, seed)


def _by_length(items: Sequence[bytes], made: Callable[[int, int, int], list[T]], seed: int) -> list[T]:
    lengths = list(map(len, items))
    present = set(lengths)
    if len(present) == 1:
        return _of_one_length(items, lengths[0], made, seed)
    by_length: dict[int, list[bytes]] = {length: [] for length in present}
    for length, item in zip(lengths, items):
        by_length[length].append(item)
    results = {length: iter(_of_one_length(same, length, made, seed)) for length, same in by_length.items()}
    return list(map(next, map(results.__getitem__, lengths)))


def _of_one_length(items: Sequence[bytes], length: int, made: Callable[[int, int, int], list[T]], seed: int) -> list[T]:
    results: list[T] = []
    for start in range(0, len(items), _LANES):
        some = items[start : start + _LANES]
        h1, h2 = _hash(_blocks(some, length), length, len(some), seed)
        results += made(h1, h2, len(some))
    return results


def _blocks(items: Sequence[bytes], length: int) -> bytes:
    """The first 16 bytes of all items, then the next 16, the last filled up with zeros."""
    padding = bytes(-length % 16)
    if length <= 16:
        return padding.join(items) + padding
    padded = [item + padding for item in items]
    return b"".join([item[at : at + 16] for at in range(0, length, 16) for item in padded])


def _words(lanes: int, number: int) -> list[int]:
    words: list[int] = memoryview(lanes.to_bytes(16 * number, "little")).cast("Q").tolist()
    return words[::2]


def seed_hash() -> int:
    """What DataSketches stores of the seed: sixteen bits of its hash."""
    seed = SEED.to_bytes(8, "little")
    return murmur3([seed], 0)[0][0] & 0xFFFF


def item_bytes(type_: Any, items: list[Any]) -> list[bytes]:
    """Items as the bytes that DataSketches hashes: text as UTF-8, integers in 64 bits, floats as their bits, where -0.0
    is 0.0 and all NaN are one."""
    if type_ is str:
        return list(map(str.encode, items))
    if type_ is bytes:
        return list(map(bytes, items))
    if type_ is float:
        return [struct.pack("<d", item + 0.0) if item == item else b"\0\0\0\0\0\0\xf8\x7f" for item in items]
    return [int(item).to_bytes(8, "little", signed=True) for item in items]
