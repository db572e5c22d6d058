"""What results say of themselves."""

import numpy as np

import hesscape as hs
from hesscape import testing


def test_the_message_says_where_an_error_hides_an_eigenvalue_but_not_its_sign():
    h, e = np.diag([-1e-12, 1e12]), np.diag([1e-13, 1.0])
    assert "scale of its own" in hs.classify_hessian(h, error=e).message
    assert "scale of its own" not in hs.classify_hessian([[-2, 0], [0, 1]], error=0.4).message
    assert "scale of its own" not in hs.classify_hessian(np.diag([-1.0, 0, 1]), error=0.3).message


def test_zero_modes_are_no_directions_that_curve():
    z = [[0.0], [1.0]]
    for h, word in (([[2, 0], [0, 0]], "upwards"), ([[-2, 0], [0, 0]], "downwards")):
        for zero_modes in (1, z):
            found = hs.classify_hessian(h, zero_modes=zero_modes)
            assert str(found.message).startswith(f"every other direction is proven to curve {word}")
    assert str(hs.classify_hessian(np.eye(2)).message).startswith("every direction is proven")
    assert "no other direction" in hs.classify_hessian(np.diag([1, -1, 0]), zero_modes=1).message


def test_zero_is_printed_without_a_sign():
    assert "-0 ±" not in str(hs.classify_hessian(np.diag([-0.0, 1.0])))
    found = hs.classify(lambda x: -(x[0] ** 2) * 0 - x[1] ** 2, [0, 0])
    assert "-0 " not in str(found) + str(found.taylor)


def test_an_escape_says_what_it_started_from():
    text = str(hs.escape(lambda w: (1 - w[0] * w[1]) ** 2, [0, 0]))
    assert "value        1 -> 0 (lower by 1; the model says 2)" in text
    assert "gradients" not in text
    assert "-0 " not in str(hs.escape(lambda x: -0.0 * x[0] - x[1] ** 2, [0, 0], max_step=1))
    bowl = testing.quadratic([[1, 0], [0, -1]])
    assert " gradients" in str(hs.escape(bowl.fun, [0, 0], jac=bowl.gradient, vectorized=True))
