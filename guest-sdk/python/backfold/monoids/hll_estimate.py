"""Estimates of Apache DataSketches: from the number of coupons, and from sums over registers."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

from .hll_tables import POINTS, tables

_RAW = tables()
_STRIDES = [1, 2, 3] + [5 << lg for lg in range(15)]
# The numbers of coupons, and the numbers of values that give as many distinct coupons.
_COUPONS = [0.0, 1.0, 20.0, 400.0, 8000.0, 160000.0] + [300000.0 * step for step in range(1, 35)]
_VALUES = [
    0.0, 1.0, 20.00000094374026, 400.0003963713384, 8000.158929460209, 160063.60677637596, 300223.70715976635,
    600895.593385617, 902016.8065120955, 1203588.498319951, 1505611.8245524743, 1808087.9449319066,
    2111018.0231759353, 2414403.22701425, 2718244.728205189, 3022543.702552454, 3327301.329921909,
    3632518.794258454, 3938197.283602969, 4244337.990109356, 4550942.110061649, 4858010.843891189,
    5165545.396193897, 5473546.975747645, 5782016.7955296505, 6090956.072734016, 6400366.028789296,
    6710247.889376201, 7020602.884445314, 7331432.248234972, 7642737.219289148, 7954519.0404754765,
    8266778.959003342, 8579518.226442046, 8892738.098739047, 9206439.836238328, 9520624.703698829,
    9835293.97031292, 10150448.909725029, 10466090.800050326,
]  # fmt: skip
_EULER = 0.5772156649015329


def of_coupons(count: int) -> float:
    """The estimate of a sketch that holds so many coupons."""
    number = float(count)
    return max(number, _interpolated(_COUPONS, _VALUES, number))


def of_registers(lg_k: int, small: float, large: float, zeros: int) -> float:
    """The composite estimate from the sums of 2^-register over registers below 32 and over the others, and the number of
    zero registers."""
    k = float(1 << lg_k)
    correction = {4: 0.673, 5: 0.697, 6: 0.709}.get(lg_k) or 0.7213 / (1.0 + 1.079 / k)
    raw = correction * k * k / (small + large)
    points = _RAW[lg_k - 4]
    stride = float(_STRIDES[lg_k - 4])
    if raw < points[0]:
        return 0.0
    if raw > points[-1]:
        return raw * (stride * (POINTS - 1) / points[-1])
    adjusted = _interpolated(points, [stride * at for at in range(POINTS)], raw)
    if adjusted > 3.0 * k:
        return adjusted
    linear = _bitmap(int(k), zeros)
    crossover = {4: 0.718, 5: 0.672}.get(lg_k, 0.64)
    return adjusted if (adjusted + linear) / 2.0 > crossover * k else linear


def _bitmap(k: int, zeros: int) -> float:
    """The number of values that leave so many of `k` registers at zero."""
    if zeros == 0:
        return k * math.log(k / 0.5)
    return k * (_harmonic(k) - _harmonic(zeros))


def _harmonic(n: int) -> float:
    """1 + 1/2 + … + 1/n."""
    if n < 25:
        return float(sum((Fraction(1, each) for each in range(1, n + 1)), Fraction(0)))
    x = float(n)
    inverse = 1.0 / (x * x)
    total = math.log(x) + _EULER + 1.0 / (2.0 * x)
    power = inverse
    total -= power * (1.0 / 12.0)
    power *= inverse
    total += power * (1.0 / 120.0)
    power *= inverse
    total -= power * (1.0 / 252.0)
    power *= inverse
    return total + power * (1.0 / 240.0)


def _interpolated(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """The cubic through the four points around `x`."""
    last = len(xs) - 1
    if x == xs[last]:
        return ys[last]
    offset = min(max(bisect_right(xs, x) - 2, 0), last - 3)
    x0, x1, x2, x3 = xs[offset : offset + 4]
    y0, y1, y2, y3 = ys[offset : offset + 4]
    first = y0 * ((x - x1) * (x - x2) * (x - x3)) / ((x0 - x1) * (x0 - x2) * (x0 - x3))
    second = y1 * ((x - x0) * (x - x2) * (x - x3)) / ((x1 - x0) * (x1 - x2) * (x1 - x3))
    third = y2 * ((x - x0) * (x - x1) * (x - x3)) / ((x2 - x0) * (x2 - x1) * (x2 - x3))
    fourth = y3 * ((x - x0) * (x - x1) * (x - x2)) / ((x3 - x0) * (x3 - x1) * (x3 - x2))
    return first + second + third + fourth
