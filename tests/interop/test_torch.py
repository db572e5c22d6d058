"""Losses of PyTorch: exact derivatives, and a model that is left as it was."""

import gc
import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import hesscape as hs

torch: Any = pytest.importorskip("torch")
nn = torch.nn
from_torch: Any = hs.interop.from_torch  # whose objectives have what is None in others


def network(dtype=torch.float64, layers=(2, 3, 1), seed=0):
    """A network with its loss: smooth, and small enough for a dense Hessian."""
    generator = torch.Generator().manual_seed(seed)
    modules = [
        module for n, m in itertools.pairwise(layers) for module in (nn.Linear(n, m), nn.Tanh())
    ]
    model = nn.Sequential(*modules[:-1]).to(dtype)
    x, y = (torch.randn(20, n, generator=generator).to(dtype) for n in (layers[0], layers[-1]))
    with torch.no_grad():  # the same numbers for every dtype
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator))
    return model, lambda: torch.mean((model(x) - y) ** 2)


def test_derivatives_are_those_of_mathematics():
    a, b = torch.ones(2, 2, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    loss = from_torch(lambda: (a**3).sum() * torch.exp(b) + a[0, 0] * a[1, 1], [a, b])
    f, rng = loss.objective, np.random.default_rng(0)
    for _ in range(5):
        x, p = rng.standard_normal((2, 5))
        w, e = x[:4], np.exp(x[4])
        h = np.diag([*(6 * w * e), (w**3).sum() * e])
        h[4, :4] = h[:4, 4] = 3 * w**2 * e
        h[0, 3] = h[3, 0] = 1
        slope = [*(3 * w**2 * e + [w[3], 0, 0, w[0]]), h[4, 4]]
        size = np.abs(h).max()
        assert f.fun(x) == pytest.approx(h[4, 4] + w[0] * w[3], abs=1e-14 * size)
        np.testing.assert_allclose(f.jac(x), slope, rtol=0, atol=1e-14 * size)
        np.testing.assert_allclose(f.hessp(x, p), h @ p, rtol=0, atol=1e-13 * size)
        np.testing.assert_allclose(f.curvature(x)[0], h, rtol=0, atol=1e-14 * size)


def test_products_are_columns_of_the_hessian_of_torch():
    model, _ = network()
    x, y = torch.linspace(-1, 1, 10, dtype=torch.float64).reshape(5, 2), torch.ones(5, 1).double()
    loss = from_torch(lambda: torch.mean((model(x) - y) ** 3), model.parameters())

    def value(flat):
        first, bias, second, last = flat.split([6, 3, 3, 1])
        hidden = torch.tanh(x @ first.reshape(3, 2).t() + bias)
        return ((hidden @ second.reshape(1, 3).t() + last - y) ** 3).mean()

    flat = torch.tensor(loss.x0, requires_grad=True)
    h = torch.autograd.functional.hessian(value, flat).numpy()
    p = np.random.default_rng(0).standard_normal(loss.x0.size)
    assert loss.objective.fun(loss.x0) == pytest.approx(value(flat).item(), rel=1e-14)
    size = np.abs(h).max()
    np.testing.assert_allclose(loss.objective.hessp(loss.x0, p), h @ p, atol=1e-13 * size)
    np.testing.assert_allclose(loss.objective.curvature(loss.x0)[0], h, atol=1e-14 * size)


def test_vectors_hold_the_parameters_in_order():
    a = torch.arange(6.0).reshape(2, 3).t()  # not contiguous
    b = torch.tensor(7.0, dtype=torch.float64)
    loss = from_torch(lambda: (a**2).sum() * b, [a, b])
    assert loss.x0.tolist() == [0, 3, 1, 4, 2, 5, 7]
    assert loss.x0.dtype == np.float64
    back = loss.unflatten(loss.x0)
    assert [t.dtype for t in back] == [torch.float32, torch.float64]
    assert torch.equal(back[0], a)
    assert back[1].shape == ()
    assert loss.objective.fun([1, 0, 0, 0, 0, 2, 3]) == 15
    x = np.full(7, 1 / 3)
    x[-1] = 1
    assert loss.objective.fun(x) == pytest.approx(2 / 3, rel=1e-6)
    mixed = from_torch(lambda: (a**2).sum() * b, [a, torch.tensor(1 / 3, dtype=torch.float64)])
    assert mixed.x0[-1] == 1 / 3  # exact, beside parameters of float32


def snapshot(parameters):
    return [
        (p.data_ptr(), p.detach().clone(), p.grad, p.requires_grad, p._version, p.stride())
        for p in parameters
    ]


def unchanged(parameters, before):
    for p, (pointer, value, grad, required, version, stride) in zip(
        parameters, before, strict=True
    ):
        assert p.data_ptr() == pointer
        assert torch.equal(p.detach().view(torch.int64), value.view(torch.int64))  # every bit
        assert p.grad is grad
        assert p.requires_grad is required
        assert p._version == version
        assert p.stride() == stride


@pytest.mark.parametrize("ambient", [torch.enable_grad, torch.no_grad, torch.inference_mode])
def test_a_call_leaves_everything_as_it_was(ambient):
    model, closure = network()
    parameters = list(model.parameters())
    parameters[0].data[0, 0] = -0.0
    closure().backward()
    parameters[1].grad = None
    parameters[2].requires_grad_(False)
    grads = [None if p.grad is None else p.grad.clone() for p in parameters]
    loss = from_torch(closure, parameters)
    before, f = snapshot(parameters), loss.objective
    expected = [f.fun(loss.x0 + 1), f.jac(loss.x0 + 1), f.hessp(loss.x0 + 1, loss.x0)]
    with ambient():
        enabled = torch.is_grad_enabled()
        found = [f.fun(loss.x0 + 1), f.jac(loss.x0 + 1), f.hessp(loss.x0 + 1, loss.x0)]
        assert torch.is_grad_enabled() == enabled
        loss.unflatten(loss.x0)[0].zero_()
    unchanged(parameters, before)
    for p, grad in zip(parameters, grads, strict=True):
        assert grad is None or torch.equal(p.grad, grad)
    assert found[0] == expected[0]
    assert np.array_equal(found[1], expected[1])
    assert np.array_equal(found[2], expected[2])
    assert np.count_nonzero(found[1][-4:-1])  # the frozen ones are varied too


def test_what_the_closure_raises_reaches_the_caller_and_leaves_the_model():
    model, closure = network()
    left = [2]

    def failing():
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return closure()

    loss = from_torch(failing, model.parameters())
    parameters = list(model.parameters())
    before = snapshot(parameters)
    with pytest.raises(KeyboardInterrupt):
        hs.classify(loss.objective, loss.x0 + 1)
    unchanged(parameters, before)


def test_threads_do_not_see_the_points_of_others():
    model, closure = network()
    loss = from_torch(closure, model.parameters())
    points = np.random.default_rng(0).standard_normal((100, loss.x0.size))
    expected = [loss.objective.jac(x) for x in points]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(loss.objective.jac, points))
    assert np.array_equal(found, expected)
    assert np.array_equal(from_torch(closure, model.parameters()).x0, loss.x0)


def test_no_graph_outlives_a_call():
    model, closure = network()
    loss = from_torch(closure, model.parameters())
    f, x = loss.objective, loss.x0

    def tensors():
        return sum(issubclass(type(item), torch.Tensor) for item in gc.get_objects())

    gc.collect()
    gc.disable()  # what is left is then left by a cycle
    try:
        f.hessp(x, x)
        before = tensors()
        for _ in range(5):
            f.fun(x)
            f.jac(x)
            f.hessp(x, x)
        assert tensors() == before
    finally:
        gc.enable()


def test_a_live_graph_of_the_user_survives():
    model, closure = network()
    parameters = list(model.parameters())
    value = closure()
    expected = torch.autograd.grad(value, parameters, retain_graph=True)
    loss = from_torch(closure, parameters)
    loss.objective.hessp(loss.x0 + 1, loss.x0)
    for mine, theirs in zip(torch.autograd.grad(value, parameters), expected, strict=True):
        assert torch.equal(mine, theirs)


def test_parameters_without_part_in_the_loss_have_no_slope():
    a, b, c = (torch.tensor([v], dtype=torch.float64) for v in (2.0, 3.0, 4.0))
    loss = from_torch(lambda: a**3 + 5 * b, [a, b, c])
    f = loss.objective
    assert f.jac(loss.x0).tolist() == [12, 5, 0]
    assert f.hessp(loss.x0, np.ones(3)).tolist() == [12, 0, 0]
    linear = from_torch(lambda: 5 * b, b).objective
    assert linear.jac([1.0]).tolist() == [5]
    assert linear.hessp([1.0], [1.0]).tolist() == [0]


def test_classify_and_escape_a_saddle_of_a_network():
    """All weights zero: a saddle of two linear layers, whose products vanish."""
    v, w = (torch.zeros(2, dtype=torch.float64) for _ in range(2))
    loss = from_torch(lambda: (1 - v @ w) ** 2, [v, w])
    point: Any = hs.classify(loss.objective, loss.x0)
    assert point.kind == "saddle"
    assert point.certain
    assert point.inertia == (2, 0, 2)
    np.testing.assert_allclose(point.eigenvalues, [-2, -2, 2, 2], rtol=1e-14)
    way = hs.escape(loss.objective, point)
    assert way.success
    assert abs(way.fun) <= 1e-12
    assert not v.any()


def test_gradients_alone_give_the_same_hessian():
    model, closure = network()
    loss = from_torch(
        lambda: closure() + 0.01 * sum((p**2).sum() for p in model.parameters()), model.parameters()
    )
    f = hs.Objective(loss.objective.fun, jac=loss.objective.jac)
    measured, exact = hs.taylor(f, loss.x0), loss.objective.curvature(loss.x0)[0]
    assert (np.abs(measured.hessian - exact) <= measured.hessian_error).all()
    assert measured.hessian_error.max() <= 1e-4 * np.abs(exact).max()


@pytest.mark.parametrize("seed", range(5))
def test_float32_is_known_to_be_rounded(seed):
    model, closure = network(torch.float32, seed=seed)
    exactly, in_double = network(seed=seed)
    single = from_torch(closure, model.parameters())
    double = from_torch(in_double, exactly.parameters())
    x = single.x0
    f = single.objective
    assert f.jac(x).dtype == f.hessp(x, x).dtype == np.float32
    measured, h = hs.taylor(f, x), double.objective.curvature(x)[0]
    assert (np.abs(measured.hessian - h) <= measured.hessian_error).all()
    assert measured.hessian_error.max() <= 1e-4 * np.abs(h).max()
    assert "contradict" not in measured.message
    unaware = hs.taylor(
        hs.Objective(f.fun, jac=f.jac, hessp=lambda x, p: np.float64(f.hessp(x, p))), x
    )
    assert (np.abs(unaware.hessian - h) <= unaware.hessian_error).all()


def test_points_beyond_float32_are_infinite():
    w = torch.ones(1)
    f = from_torch(lambda: torch.sum(w**2), w).objective
    assert f.fun([1e300]) == np.inf


BAD: dict[str, tuple[Any, Any, type[Exception], str]] = {
    "no closure": (1.0, lambda: [torch.zeros(1)], TypeError, "loss_closure must be callable"),
    "no tensor": (sum, lambda: [np.zeros(1)], TypeError, "parameters must be Tensors"),
    "integers": (sum, lambda: [torch.zeros(1, dtype=torch.int64)], TypeError, "torch.int64 at 0"),
    "half": (sum, lambda: [torch.zeros(1).bfloat16()], TypeError, "float32 or float64"),
    "none": (sum, list, ValueError, "at least one element"),
    "empty": (sum, lambda: [torch.zeros(0)], ValueError, "at least one element"),
    "no leaf": (sum, lambda: [torch.ones(1, requires_grad=True) * 2], ValueError, "leaf"),
    "twice": (sum, lambda: [torch.zeros(1)] * 2, ValueError, "twice"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments_are_named(case):
    closure, parameters, error, words = BAD[case]
    with pytest.raises(error, match=words):
        from_torch(closure, parameters())


@pytest.mark.parametrize(
    ("closure", "error", "words"),
    [
        (lambda w: w * 1.0, TypeError, r"one element, got shape \(2,\)"),
        (lambda w: 1.0, TypeError, "must return a Tensor"),
        (lambda w: w.sum() > 0, TypeError, "real Tensor"),
        (lambda w: w.detach().sum(), ValueError, "without one"),
    ],
)
def test_bad_losses_are_named(closure, error, words):
    w = torch.zeros(2)
    f = from_torch(lambda: closure(w), [w]).objective
    with pytest.raises(error, match=words):
        f.jac(np.zeros(2))
    assert not w.requires_grad


@pytest.mark.parametrize("x", [[1.0], [[1.0, 2.0]], ["a", "b"], [1j, 0]])
def test_bad_points_are_named(x):
    w = torch.zeros(2)
    loss = from_torch(lambda: torch.sum(w), [w])
    with pytest.raises(ValueError, match=r"x must hold real numbers in shape \(2,\)"):
        loss.unflatten(x)
    with pytest.raises(ValueError, match="p must hold"):
        loss.objective.hessp([0, 0], x)


def test_only_this_library_is_imported():
    code = (
        "import sys, hesscape as hs; assert 'torch' not in sys.modules; import torch\n"
        "w = torch.ones(1); hs.interop.from_torch(lambda: (w * w).sum(), w)\n"
        "assert not {'jax', 'ase'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
