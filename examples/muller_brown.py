"""The stationary points of the Müller-Brown surface, and where the ways down from its saddles end.

A model of a reaction with three minima and two transition states: K. Müller and L. D. Brown, Theor. Chim.
Acta 53, 75 (1979). Everything is found from values of the energy. Needs the extra `plot`. Draws muller_brown.png.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import solve_ivp

import hesscape as hs
from hesscape.testing import muller_brown

energy = hs.Objective(muller_brown().fun, vectorized=True)
LOW, HIGH = np.array([-1.5, -0.3]), np.array([1.2, 2.0])
GTOL = 1e-6  # energies reach 200 here


def newton(x, most=20):
    """Go to a stationary point of any kind; None when it leaves the picture or does not arrive."""
    for _ in range(most):
        point = hs.classify(energy, x, gtol=GTOL)
        if point.kind is not hs.Kind.not_critical:
            return point
        x = x + point.taylor.newton_step()
        if ((x < LOW) | (x > HIGH)).any():
            return None
    return None


def stationary_points():
    """All that Newton's method finds from a grid of starts, lowest first."""
    found = []
    for a in np.linspace(LOW[0], HIGH[0], 9):
        for b in np.linspace(LOW[1], HIGH[1], 9):
            point = newton(np.array([a, b]))
            if point and all(np.linalg.norm(point.taylor.x - p.taylor.x) > 1e-6 for p in found):
                found.append(point)
    return sorted(found, key=lambda p: p.taylor.value)


def descend(start):
    """Follow the steepest descent; points of the path as rows."""
    path = solve_ivp(
        lambda _, x: -hs.gradient(energy, x), (0, 0.1), start, method="LSODA", rtol=1e-6
    )
    return path.y.T


def main():
    points = stationary_points()
    minima = [p for p in points if p.kind is hs.Kind.minimum]
    saddles = [p for p in points if p.kind is hs.Kind.saddle]
    for p in points:
        proof = "proven" if p.certain else "not proven"
        print(
            f"{p.kind:<8} {proof}  x = {p.taylor.x.round(6)}  E = {p.taylor.value:.4f}  λ = {p.eigenvalues.round(2)}"
        )

    _, ax = plt.subplots(figsize=(7, 5.6), layout="constrained")
    hs.plot.surface(energy, saddles[-1], samples=201, ax=ax, span=(2.1, 1.6))
    for saddle in saddles:
        way = hs.escape(energy, saddle, max_step=0.1, gtol=GTOL)
        ends = []
        for side in way.both:
            path = np.vstack([saddle.taylor.x, descend(side.x)])
            reached = min(minima, key=lambda m: np.linalg.norm(m.taylor.x - path[-1]))
            assert np.linalg.norm(reached.taylor.x - path[-1]) < 1e-2
            ends.append(f"{reached.taylor.x.round(3)}")
            ax.plot(*path.T, color="black", lw=2)
        print(
            f"\nfrom the saddle at {saddle.taylor.x.round(3)} the ways down lead to {' and '.join(ends)}"
        )
    ax.plot(*np.array([m.taylor.x for m in minima]).T, "ws", mec="black", ms=8, label="minimum")
    ax.plot(*np.array([s.taylor.x for s in saddles]).T, "o", color="black", mec="white", ms=8)
    ax.plot([], [], color="black", lw=2, label="steepest descent")
    ax.set(xlabel="$x$", ylabel="$y$", xlim=(LOW[0], HIGH[0]), ylim=(LOW[1], HIGH[1]))
    ax.legend(loc="upper right")
    ax.set_title("Müller-Brown surface")
    plt.savefig("muller_brown.png", dpi=120)


if __name__ == "__main__":
    main()
