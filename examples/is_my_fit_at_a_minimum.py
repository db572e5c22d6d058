"""Is my fit at a minimum, and can I trust its standard errors?

Rates of an enzyme reaction at six doses of the substrate, with puromycin (M. A. Treloar, 1974; in D. M. Bates and D. G.
Watts, *Nonlinear Regression Analysis and Its Applications*, Wiley 1988, appendix A1.3, where Vmax = 212.7 and
K = 0.0641 ppm). Doses are in g/L here, so that Vmax and K differ by a factor of three million: the steps of the usual
numerical Hessians are then wrong for one or the other, and a doubtful Hessian may be the fault of the fit or of the
differences. Two fits ended with "CONVERGENCE": one at a minimum, one at a saddle.

Needs the extra `plot`; compares with statsmodels and numdifftools where they are installed. Draws
is_my_fit_at_a_minimum.png.
"""

from importlib import import_module

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize

import hesscape as hs

DOSE = np.repeat([0.02, 0.06, 0.11, 0.22, 0.56, 1.10], 2) * 1e-3  # g/L
RATE = np.array([76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200.0])  # counts/min²


def one_site(p):
    """Michaelis-Menten; p = Vmax, K."""
    return p[0] * DOSE / (p[1] + DOSE)


def two_sites(p):
    """Two kinds of sites; p = V1, V2, K1, K2."""
    return p[0] * DOSE / (p[2] + DOSE) + p[1] * DOSE / (p[3] + DOSE)


def negative_log_likelihood(p, rate):
    """Normal errors; the last parameter is their standard deviation."""
    *parameters, sigma = p
    return DOSE.size * np.log(sigma) + np.sum((RATE - rate(parameters)) ** 2) / (2 * sigma**2)


def fit(rate, start):
    """Fit in units of the start, as one does; and finish with Newton steps, in the units of the parameters."""
    start = np.array(start)
    done = minimize(
        lambda z: negative_log_likelihood(z * start, rate), np.ones(start.size), method="L-BFGS-B"
    )
    print(f"{rate.__name__}: {done.message}")
    x = done.x * start
    for _ in range(3):
        x = x + hs.taylor(negative_log_likelihood, x, args=(rate,)).newton_step()
    return x


def covariance(hessian, hessian_error):
    """The inverse C of the Hessian and a bound of its error, by |(H + E)⁻¹ − H⁻¹| ≤ Σ (|C| |E|)ᵏ |C| for k ≥ 1."""
    scale = 1 / np.sqrt(np.diag(hessian))
    units = np.outer(scale, scale)
    rounding = 8 * len(hessian) * np.finfo(float).eps  # of the inversion, in these units
    c = np.linalg.inv(hessian * units)
    spread = np.abs(c) @ (hessian_error * units + rounding)
    if np.abs(np.linalg.eigvals(spread)).max() >= 1:
        raise ValueError("the errors of the Hessian allow it to be singular")
    bound = np.linalg.solve(np.eye(len(c)) - spread, spread @ np.abs(c))
    return c * units, bound * units


def standard_errors(model):
    """Standard errors of the parameters, and bounds of the errors of these."""
    c, c_error = (np.diag(m) for m in covariance(model.hessian, model.hessian_error))
    return np.sqrt(c), np.sqrt(c) - np.sqrt(np.maximum(c - c_error, 0))


def usual_standard_errors(x, rate):
    """What the Hessians of other packages give with their own steps, by package."""
    hessians = {
        "statsmodels": lambda m: m.tools.numdiff.approx_hess3(
            x, negative_log_likelihood, args=(rate,)
        ),
        "numdifftools": lambda m: m.Hessian(negative_log_likelihood)(x, rate),
    }
    result = {}
    for package, hessian in hessians.items():
        try:
            module = import_module(package)
            import_module("statsmodels.tools.numdiff") if package == "statsmodels" else None
        except ImportError:
            continue
        with np.errstate(all="ignore"):
            result[package] = np.sqrt(np.diag(np.linalg.inv(hessian(module))))
    return result


def report(names, point, rate):
    print(point, "\n")
    errors, their_errors = standard_errors(point.taylor)
    others = usual_standard_errors(point.taylor.x, rate)
    print(f"{'':8}{'estimate':>13}{'standard error':>27}", *(f"{name:>14}" for name in others))
    for i, name in enumerate(names):
        own = f"{errors[i]:.8g} ± {their_errors[i]:.1g}"
        print(
            f"{name:8}{point.taylor.x[i]:13.6g}{own:>27}",
            *(f"{other[i]:14.6g}" for other in others.values()),
        )


def main():
    x = fit(one_site, [100, 1e-4, 10])
    good = hs.classify(negative_log_likelihood, x, args=(one_site,))
    report(("Vmax", "K", "sigma"), good, one_site)

    print()
    x = fit(two_sites, [100, 100, 1e-4, 1e-4, 10])  # two equal sites: they stay equal
    bad = hs.classify(negative_log_likelihood, x, args=(two_sites,))
    print(bad)
    way = hs.escape(negative_log_likelihood, bad, args=(two_sites,))
    print(f"\n{way}")
    best = hs.minimize(negative_log_likelihood, way.x, args=(two_sites,)).point
    print(
        f"\nFrom there the fit goes on to {best.taylor.value:.6f} (it had stopped at {bad.taylor.value:.6f}):\n"
    )
    report(("V1", "V2", "K1", "K2", "sigma"), best, two_sites)
    draw(good, bad, way)


def draw(good, bad, way):
    _, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    micro = 1e-6  # K in µg/L
    width = 3 * standard_errors(good.taylor)[0][:2] / [1, micro]
    plane = np.array([[1, 0, 0], [0, micro, 0]]).T
    hs.plot.surface(
        negative_log_likelihood, good, directions=plane, span=width, args=(one_site,), ax=left
    )
    left.set(
        xlabel="Vmax − estimate",
        ylabel="K − estimate (µg/L)",
        title="One site: a minimum (± 3 standard errors)",
    )
    plane = (
        np.array([[1, -1, 0, 0, 0], [0, 0, micro, -micro, 0]]).T / 2
    )  # differences of the two sites
    hs.plot.surface(
        negative_log_likelihood,
        bad,
        directions=plane,
        span=(100, 60),
        escape=way,
        args=(two_sites,),
        ax=right,
    )
    right.set(
        xlabel="V1 − V2",
        ylabel="K1 − K2 (µg/L)",
        title="Two sites, started equal: a saddle with a ridge",
    )
    plt.savefig("is_my_fit_at_a_minimum.png", dpi=120)


if __name__ == "__main__":
    main()
