"""LEB128: numbers of at most 64 bits, in their shortest form."""

from __future__ import annotations


def encoded(value: int) -> bytes:
    """A number as LEB128."""
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def decoded(data: bytes, start: int) -> tuple[int, int]:
    """The number at `start`, and the place after it. Raises `ValueError` if there is none."""
    value = shift = 0
    for at in range(start, min(len(data), start + 10)):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if value >> 64 or (byte == 0 and at > start):
                raise ValueError("a number is not in its shortest form")
            return value, at + 1
    raise ValueError("a number is cut short")
