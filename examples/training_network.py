"""A small network on its way through training: which critical points are near, and what they are.

Saddles of high index lie at high loss, so that training seldom meets a bad minimum (Y. N. Dauphin et al., NeurIPS 27,
2933 (2014)). Here Adam trains a network on the exclusive or. From places along its path, and from noisy copies of them,
a Newton method goes to the critical point nearby, whatever its kind. hesscape proves what it is, from exact
Hessian-vector products of PyTorch.

Needs the extras `torch` and `plot`. Draws training_network.png.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.optimize import root

import hesscape as hs

GTOL = 1e-10
DECAY = 0.005  # keeps critical points apart that would otherwise be flat along curves
VISITS = (
    0,
    10,
    20,
    30,
    40,
    50,
    70,
    100,
    150,
    200,
    300,
    400,
    500,
    600,
    700,
    800,
    1000,
    1200,
)  # epochs
NOISE = (0.0, 0.1)  # of the copies that each visit starts from


def network():
    torch.manual_seed(0)
    hidden = torch.nn.Linear(2, 4)
    return torch.nn.Sequential(hidden, torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()


def loss_of(model):
    x = torch.tensor([[-1, -1], [-1, 1], [1, -1], [1, 1]], dtype=torch.float64)
    x = x * torch.tensor([1.0, 0.9])  # not quite symmetric, as data are
    y = torch.tensor([[-1.0], [1], [1], [-0.8]], dtype=torch.float64)

    def loss():
        size = sum(p.square().sum() for p in model.parameters())
        return (model(x) - y).square().mean() + DECAY * size

    return loss


def trained(model, loss):
    """Train; the parameters at the visits, and the loss of every epoch."""
    flat = torch.nn.utils.parameters_to_vector
    adam = torch.optim.Adam(model.parameters(), lr=0.02)
    visited, losses = [], []
    for epoch in range(VISITS[-1] + 1):
        value = loss()
        losses.append(value.item())
        if epoch in VISITS:
            visited.append(flat(model.parameters()).detach().numpy().copy())
        adam.zero_grad()
        value.backward()
        adam.step()
    return visited, losses


def critical_point_near(f, x):
    """Solve gradient = 0 by a Newton method, and classify what is found; None where it fails."""

    def hessian(x):
        return np.array([f.hessp(x, e) for e in np.eye(x.size)])

    found = root(f.jac, x, jac=hessian, tol=1e-12)
    return hs.classify(f, found.x, gtol=GTOL) if np.abs(found.fun).max() < GTOL else None


def main():
    model = network()
    loss = loss_of(model)
    f = hs.interop.from_torch(loss, model.parameters()).objective
    visited, losses = trained(model, loss)

    rng = np.random.default_rng(0)
    epochs, points = [], []
    for epoch, x in zip(VISITS, visited, strict=True):
        for noise in NOISE:
            point = critical_point_near(f, x + noise * rng.standard_normal(x.size))
            if point is not None:
                epochs.append(epoch)
                points.append(point)
    assert all(p.certain for p in points)
    epochs, index = np.array(epochs), np.array([p.index for p in points])
    values = np.array([p.taylor.value for p in points])

    print(f"{len(points)} critical points near the path, all proven:")
    for i in np.unique(index)[::-1]:
        of_it = index == i
        kind = points[np.argmax(of_it)].kind
        print(
            f"  index {i}: {of_it.sum():2} times a {kind}, loss {values[of_it].min():.4f} to "
            f"{values[of_it].max():.4f}, epochs {epochs[of_it].min()} to {epochs[of_it].max()}"
        )

    _, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True, layout="constrained")
    left.plot(losses, color=hs.plot.FLAT, label="training")
    colors = {"c": index, "cmap": "viridis_r", "edgecolors": "white", "s": 60, "zorder": 3}
    left.scatter(epochs, values, label="critical point nearby", **colors)
    left.set(xscale="symlog", xlabel="epoch", yscale="log", ylabel="loss")
    left.set_xlim(-1, 2 * VISITS[-1])
    left.legend()
    right.scatter(index, values, **colors)
    right.set(xlabel="index: directions that lead down", xticks=range(index.max() + 1))
    plt.savefig("training_network.png", dpi=120)


if __name__ == "__main__":
    main()
