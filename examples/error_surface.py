"""The error surface of two linear layers in a row, (1 − w₁ w₂)²: a saddle at the origin, and the way off it.

Needs the extra `plot`. Draws error_surface.png.
"""

import matplotlib.pyplot as plt
import numpy as np

import hesscape as hs


def loss(w):
    return (1 - w[0] * w[1]) ** 2


def main():
    point = hs.classify(loss, [0, 0], vectorized=True)
    print(point.taylor, point, sep="\n\n")

    # A saddle curves downwards along some directions and upwards along others.
    for v in np.array([[1, 1], [1, -1]]) / np.sqrt(2):
        print(f"\n  curvature along {v.round(3)}: {point.taylor.quadratic_form(v):+.3g}", end="")

    way = hs.escape(loss, point, vectorized=True)
    print(f"\n\n{way}")
    end = hs.classify(loss, way.x, vectorized=True)
    print(f"\nThere: {end}")  # the solutions w₁ w₂ = 1 are a curve, so one direction is flat
    symmetry = [1, -1]  # (a w₁, w₂ / a) has the same loss: at (1, 1) its tangent
    print(
        f"\nWith the symmetry known: {hs.classify(loss, way.x, vectorized=True, zero_modes=symmetry)}"
    )

    _, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    hs.plot.surface(loss, point, escape=way, vectorized=True, ax=left)
    left.set(xlabel="$w_1$", ylabel="$w_2$", title="$(1 - w_1 w_2)^2$")
    hs.plot.slices(loss, point, vectorized=True, ax=right)
    plt.savefig("error_surface.png", dpi=120)


if __name__ == "__main__":
    main()
