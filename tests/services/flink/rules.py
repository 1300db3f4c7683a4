# SPDX-License-Identifier: MIT
"""Rules by which a value of Flink's and one of ours are the same, for scripts/fidelity. Numbers are
int, Decimal or float; each rule has is_same(theirs, ours)."""
import json
import math
from dataclasses import dataclass
from fractions import Fraction


def in_order(value):
    """As kafka-window orders values: strings by their bytes. One list has values of one type."""
    return value.encode() if isinstance(value, str) else value


@dataclass(frozen=True)
class Exact:
    def is_same(self, theirs, ours):
        if isinstance(ours, list):
            return (theirs or []) == ours  # Flink's list of no values is null
        if theirs is None or ours is None or isinstance(theirs, (str, bool)) or isinstance(ours, (str, bool)):
            return type(theirs) is type(ours) and theirs == ours
        return theirs == ours


@dataclass(frozen=True)
class Wide:
    """Sums of integers: what 64 bits do not hold is a string of ours, and nothing else is."""

    def is_same(self, theirs, ours):
        if isinstance(theirs, int) and not -(2**63) <= theirs < 2**63:
            return ours == str(theirs)
        return EXACT.is_same(theirs, ours)


EXACT = Exact()


@dataclass(frozen=True)
class Sorted:
    """Flink's array is in any order, ours in that of values."""

    def is_same(self, theirs, ours):
        return sorted(theirs or [], key=in_order) == ours


@dataclass(frozen=True)
class Near:
    """Doubles, and how far apart they may be: so much, and so much of the larger one."""

    absolute: float
    relative: float

    def is_same(self, theirs, ours):
        if theirs is None or ours is None:
            return theirs is ours
        theirs, ours = float(theirs), float(ours)
        return abs(theirs - ours) <= self.absolute + self.relative * max(abs(theirs), abs(ours))


@dataclass(frozen=True)
class Joined:
    """LISTAGG: texts in one, which have no comma of their own."""

    def is_same(self, theirs, ours):
        return theirs == (",".join(ours) if ours else None)


@dataclass(frozen=True)
class Parsed:
    """JSON_ARRAYAGG: an array as text."""

    def is_same(self, theirs, ours):
        return json.loads(theirs or "[]") == ours


@dataclass(frozen=True)
class Top:
    """COLLECT: all values with how often each came, of which we give the most frequent."""

    most: int

    def is_same(self, theirs, ours):
        ranked = sorted(theirs or [], key=lambda pair: (-pair[1], in_order(pair[0])))
        return ranked[: self.most] == [[one["value"], one["count"]] for one in ours]


@dataclass(frozen=True)
class Quantile:
    """PERCENTILE and ARRAY_AGG of the same values: an exact quantile, and what it is one of.

    With n values v[1] <= ... <= v[n] and a share p, PERCENTILE interpolates between the ranks at
    both sides of p (n - 1) + 1 (PercentileAggFunction.getValue), and ours is within 1% of
    PERCENTILE_DISC, v[ceil(p n)], or v[1] where p is 0. That rank is one of the two: with p n = m +
    f, m whole and 0 <= f < 1, they are those at both sides of m + f + 1 - p. Where f is 0 the lower
    one is m for p > 0 (1 for p = 0); where 0 < f < p it is m and the higher one m + 1, which
    ceil(p n) is; where f >= p the lower one is m + 1. So the list has to bear out Flink's value, and
    ours has to be within 1% of that one of its two neighbours.
    """

    percent: str

    def is_same(self, theirs, ours):
        theirs, values = theirs[0], sorted(map(Fraction, theirs[1] or []))
        if not values or theirs is None or ours is None:
            return not values and theirs is None and ours is None
        share = Fraction(self.percent) / 100
        nearest = values[max(math.ceil(share * len(values)), 1) - 1]
        # and what a logarithm and a power are off
        is_ours_near = abs(Fraction(ours) - nearest) <= abs(nearest) * Fraction("0.010000001")
        return is_ours_near and self.is_interpolated(theirs, values, share)

    @staticmethod
    def is_interpolated(theirs, values, share):
        """Flink's position is a double, which may lie at the other side of a whole one."""
        position = share * (len(values) - 1)
        lower, higher = math.floor(position), math.ceil(position)
        want = values[lower] + (position - lower) * (values[higher] - values[lower])
        around = values[max(lower - 1, 0) : higher + 2]
        return abs(Fraction(theirs) - want) <= max(map(abs, around)) * Fraction("1e-9")
