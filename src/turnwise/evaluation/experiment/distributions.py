"""Tails of the normal, Student's t and chi-square distributions, without scipy.

Sources: NIST Digital Library of Mathematical Functions (https://dlmf.nist.gov), the formulas named
below; the continued fraction is evaluated by Lentz's method, in Thompson and Barnett, Journal of
Computational Physics 64 (1986).
"""

from __future__ import annotations

from math import erfc, exp, lgamma, log, log1p, sqrt
from statistics import NormalDist

LEVEL = 0.95
NORMAL_95 = NormalDist().inv_cdf((1 + LEVEL) / 2)  # of a 95% interval, in standard errors

_TINY = 1e-300  # stands for zero in a denominator
_CLOSE = 1e-15
_MOST_TERMS = 100_000  # they grow with the square root of the degrees of freedom


def normal_p(z: float) -> float:
    """The chance of a standard normal value as far from 0 as z, on either side."""
    return erfc(abs(z) / sqrt(2))


def student_p(t: float, df: float) -> float:
    """The chance of a Student's t value as far from 0 as t, on either side; df > 0.

    It is I_x(df/2, 1/2) with x = df / (df + t^2): DLMF 8.17.
    """
    square = t * t
    return _incomplete_beta(df / 2, 0.5, df / (df + square), square / (df + square))


def student_95(df: float) -> float:
    """Half of a 95% interval in standard errors: where `student_p` is .05, by bisection."""
    low, high = NORMAL_95, 2.0  # of the normal law, which it nears from above
    while student_p(high, df) > 1 - LEVEL:
        low, high = high, 2 * high
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if student_p(middle, df) > 1 - LEVEL else (low, middle)
    return (low + high) / 2


def chi_square_p(value: float, df: int) -> float:
    """The chance of a chi-square value of at least this one; value >= 0, df >= 1.

    It is Q(df/2, value/2), reached from Q(1/2, x) = erfc(sqrt(x)) or Q(1, x) = exp(-x) by
    Q(a + 1, x) = Q(a, x) + x^a exp(-x) / Gamma(a + 1): DLMF 8.8.6.
    """
    x, a = value / 2, (0.5 if df % 2 else 1.0)
    if x == 0:
        return 1.0
    tail = erfc(sqrt(x)) if df % 2 else exp(-x)
    while a < df / 2:
        tail += exp(a * log(x) - x - lgamma(a + 1))
        a += 1
    return min(1.0, tail)


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """Regularized, I_x(a, b); `rest` is 1 - x, handed in so that no digits are lost."""
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    scale = lgamma(a + b) - lgamma(a) - lgamma(b)
    front = exp(scale + a * _log(x, rest) + b * _log(rest, x))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, rest) / b


def _log(x: float, rest: float) -> float:
    return log(x) if x < 0.5 else log1p(-rest)


def _beta_fraction(a: float, b: float, x: float) -> float:
    """DLMF 8.17.22: 1 / (1 + d1 / (1 + d2 / (1 + ...)))."""
    c, d = 1.0, 1 / _off_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _off_zero(1 + term * d)
            c = _off_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return value


def _off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
