"""Second-order jets in 60-digit decimals: the exact value, gradient and Hessian of a formula written for NumPy.

`exact(f, x)` evaluates the *same* `f` that is measured in double precision, with each coordinate replaced by a `Jet`
that carries its derivatives. Nothing is differenced, so nothing cancels but what cancels in the derivatives themselves.
The derivatives are sparse, so n = 100 costs no more than its terms.
"""

from __future__ import annotations

import decimal
from decimal import Decimal

import mpmath
import numpy as np

DIGITS = 60
CONTEXT = decimal.Context(prec=DIGITS, Emax=10**15, Emin=-(10**15))


def _through_mpmath(name, v):
    with mpmath.workdps(DIGITS + 10 + max(0, v.adjusted() if v else 0)):
        return +Decimal(mpmath.nstr(getattr(mpmath, name)(mpmath.mpf(str(v))), DIGITS + 5))


class Jet:
    """A value with its gradient {i: g_i} and the upper triangle of its Hessian {(i, j): h_ij}, i <= j."""

    __slots__ = ("g", "h", "v")

    def __init__(self, v, g=None, h=None):
        self.v, self.g, self.h = v, g or {}, h or {}

    def chain(self, v, d1, d2):
        """phi(self), given phi, phi' and phi'' at its value."""
        g = {i: d1 * a for i, a in self.g.items()}
        h = {k: d1 * a for k, a in self.h.items()}
        if d2:
            items = sorted(self.g.items())
            for p, (i, a) in enumerate(items):
                for j, b in items[p:]:
                    h[i, j] = h.get((i, j), 0) + d2 * a * b
        return Jet(v, g, h)

    def __add__(self, other):
        if not isinstance(other, Jet):
            return Jet(self.v + _decimal(other), self.g, self.h)
        g, h = dict(self.g), dict(self.h)
        for mine, theirs in ((g, other.g), (h, other.h)):
            for k, a in theirs.items():
                mine[k] = mine.get(k, 0) + a
        return Jet(self.v + other.v, g, h)

    def __mul__(self, other):
        if not isinstance(other, Jet):
            c = _decimal(other)
            return Jet(
                self.v * c,
                {k: c * a for k, a in self.g.items()},
                {k: c * a for k, a in self.h.items()},
            )
        out = Jet(self.v * other.v)
        for mine, a, b in ((out.g, self.g, other.g), (out.h, self.h, other.h)):
            for k, d in a.items():
                mine[k] = d * other.v
            for k, d in b.items():
                mine[k] = mine.get(k, 0) + d * self.v
        for i, a in self.g.items():
            for j, b in other.g.items():
                k = (i, j) if i <= j else (j, i)
                out.h[k] = out.h.get(k, 0) + (2 * a * b if i == j else a * b)
        return out

    def __pow__(self, p):
        if isinstance(p, Jet):
            return (self.log() * p).exp()
        p, v = _decimal(p), self.v
        power = [
            v**q if q else Decimal(1) for q in (p, p - 1, p - 2)
        ]  # 0**0 is an error in decimal arithmetic
        return self.chain(power[0], p * power[1], p * (p - 1) * power[2])

    def __rpow__(self, base):
        return (self * _decimal(base).ln()).exp()

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        return self * (other**-1 if isinstance(other, Jet) else 1 / _decimal(other))

    def __rtruediv__(self, other):
        return self**-1 * other

    def __abs__(self):
        return -self if self.v < 0 else self

    __radd__, __rmul__ = __add__, __mul__

    # NumPy's functions call the methods of these names on objects.
    def exp(self):
        v = self.v.exp()
        return self.chain(v, v, v)

    def log(self):
        return self.chain(self.v.ln(), 1 / self.v, -1 / self.v**2)

    def sqrt(self):
        v = self.v.sqrt()
        return self.chain(v, 1 / (2 * v), -1 / (4 * v * self.v))

    def sin(self):
        s, c = _through_mpmath("sin", self.v), _through_mpmath("cos", self.v)
        return self.chain(s, c, -s)

    def cos(self):
        s, c = _through_mpmath("sin", self.v), _through_mpmath("cos", self.v)
        return self.chain(c, -s, -c)

    def arctan(self):
        d = 1 / (1 + self.v**2)
        return self.chain(_through_mpmath("atan", self.v), d, -2 * self.v * d * d)

    def tanh(self):
        e = (2 * self.v).exp()
        t = (e - 1) / (e + 1)
        return self.chain(t, 1 - t * t, -2 * t * (1 - t * t))


def _decimal(c):
    return Decimal(c) if isinstance(c, int) else Decimal(float(c))


def where_negative(c, a, b):
    """`a` where c < 0, else `b`, for jets and arrays alike."""
    if isinstance(c, Jet):
        return a if c.v < 0 else b
    return np.where(c < 0, a, b)


def jet_of(f, x):
    """f at the double-precision point x with its derivatives, in 60 digits."""
    with decimal.localcontext(CONTEXT):
        jet = f([Jet(Decimal(float(a)), {i: Decimal(1)}) for i, a in enumerate(x)])
        return jet if isinstance(jet, Jet) else Jet(_decimal(jet))  # a constant function


def exact(f, x):
    """Value, gradient and Hessian of f at the double-precision point x, rounded once to double precision."""
    n = len(x)
    jet = jet_of(f, x)
    with decimal.localcontext(CONTEXT):
        gradient, hessian = np.zeros(n), np.zeros((n, n))
        for i, a in jet.g.items():
            gradient[i] = float(a)
        for (i, j), a in jet.h.items():
            hessian[i, j] = hessian[j, i] = float(a)
        return float(jet.v), gradient, hessian
