"""A strict saddle of a deep linear network, proven and left, from gradients only.

The network W₃W₂W₁ has no bad local minima, but saddles (K. Kawaguchi, NeurIPS 29 (2016)). Where W₁ = W₃ = 0 and W₂ = 1 the
gradient vanishes, and the eigenvalues of the Hessian are 0 and plus or minus the singular values of the map to be
learned. Gradient descent that starts nearby stays for long, as training does on a plateau. hesscape forms no Hessian of
the 1,200 weights: a few gradients prove the saddle, and more of them find the way down.

Needs the extra `plot`. Draws deep_linear_network.png.
"""

import matplotlib.pyplot as plt
import numpy as np

import hesscape as hs

WIDTH = 20
STRENGTHS = np.array([3.0, 2.0, 1.0])  # singular values of the map to be learned
RATE, STEPS, NOISE = 0.05, 400, 1e-6  # of gradient descent


def target():
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.standard_normal((WIDTH, 3)))[0] for _ in range(2))
    return (left * STRENGTHS) @ right.T


MAP = target()


def loss(x):
    w1, w2, w3 = x.reshape(3, WIDTH, WIDTH)
    return 0.5 * np.sum((w3 @ w2 @ w1 - MAP) ** 2)


def gradient(x):
    w1, w2, w3 = x.reshape(3, WIDTH, WIDTH)
    error = w3 @ w2 @ w1 - MAP
    return np.array(
        [(w3 @ w2).T @ error, w3.T @ error @ w1.T, error @ (w2 @ w1).T],
    ).ravel()


def saddle():
    x = np.zeros((3, WIDTH, WIDTH))
    x[1] = np.eye(WIDTH)
    return x.ravel()


def descent(x):
    """Losses of plain gradient descent."""
    losses = [loss(x)]
    for _ in range(STEPS):
        x = x - RATE * gradient(x)
        losses.append(loss(x))
    return losses


def main():
    x = saddle()
    point = hs.classify(loss, x, jac=gradient, need="kind")
    print(point)
    way = hs.escape(loss, x, jac=gradient)
    print(f"\n{way}")
    print(
        f"\nlowest curvature {way.curvature:.3f}, where the largest singular value is {STRENGTHS[0]:.0f}"
    )

    result = hs.minimize(loss, x, jac=gradient)
    print(f"minimize: loss {result.fun:.1e}, left {len(result.path)} saddle(s) on the way")
    print(f"  {result.message}")

    rng = np.random.default_rng(1)
    near = descent(x + NOISE * rng.standard_normal(x.size))
    after = descent(way.x)

    _, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    lengths = np.linspace(-1.3, 1.3, 201) * way.step
    left.plot(lengths, [loss(x + t * way.direction) for t in lengths], color=hs.plot.DOWN)
    left.plot(lengths, loss(x) + way.curvature * lengths**2 / 2, color=hs.plot.FLAT, ls=":")
    for side, sign in zip(way.both, (1, -1), strict=True):
        left.plot(sign * side.step, side.fun, "v", color=hs.plot.DOWN, ms=8)
    left.plot(0, loss(x), "o", color="black", label="saddle")
    left.set(
        xlabel="distance along the lowest Ritz vector", ylabel="loss", ylim=(-0.5, 1.1 * loss(x))
    )
    left.legend()
    right.semilogy(near, color=hs.plot.FLAT, label=f"gradient descent from within {NOISE:g}")
    right.semilogy(after, color=hs.plot.DOWN, label="gradient descent after the escape")
    right.axhline(result.fun, color=hs.plot.UP, ls="--", label="hesscape.minimize")
    right.set(xlabel="step", ylabel="loss", ylim=(1e-19, 2 * loss(x)))
    right.legend()
    plt.savefig("deep_linear_network.png", dpi=120)


if __name__ == "__main__":
    main()
