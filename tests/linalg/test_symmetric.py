"""Input that cannot be a symmetric matrix, an error or zero modes is refused by name."""

import numpy as np
import pytest

from hesscape.verdicts.classify import classify_hessian
from hesscape.verdicts.critical_point import Kind


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"H": 1.0}, ValueError, r"H: expected square matrices \(..., n, n\), got shape \(\)"),
        ({"H": [[1, 2]]}, ValueError, r"H: .* got shape \(1, 2\)"),
        ({"H": [[1, 2], [3]]}, ValueError, "H: .* unequal length"),
        ({"H": [[1, 2], [3, 4]]}, ValueError, r"H: .*H\[0, 1\] = 2 and H\[1, 0\] = 3 differ by 1"),
        ({"H": [[1, np.inf], [np.inf, 1]]}, ValueError, r"H: .* finite .* got inf at \[0, 1\]"),
        ({"H": [[1, 1j], [-1j, 1]]}, TypeError, "H: .* dtype complex128"),
        ({"H": [[None]]}, TypeError, "H: .* dtype object"),
        ({"H": [["a"]]}, TypeError, "H: .* dtype <U1"),
        ({"H": np.zeros((0, 0))}, ValueError, "H: .* at least one"),
        ({"H": np.zeros((0, 2, 2))}, ValueError, "H: .* at least one"),
        ({"error": -1}, ValueError, "error: .* >= 0 .* got -1"),
        ({"error": np.nan}, ValueError, "error: .* got nan"),
        ({"error": [1, 2]}, ValueError, r"error: .* got shape \(2,\)"),
        ({"error": 1j}, TypeError, "error: .* complex128"),
        ({"zero_modes": -1}, ValueError, "zero_modes: .* got -1"),
        ({"zero_modes": 2}, ValueError, "zero_modes: .* 0 to 1 .* got 2"),
        ({"zero_modes": 1.0}, TypeError, "zero_modes: .* got 1.0"),
        ({"zero_modes": True}, TypeError, "zero_modes: .* got True"),
        ({"zero_modes": "one"}, TypeError, "zero_modes: .* got 'one'"),
        ({"zero_modes": [1, 2, 3]}, ValueError, r"zero_modes: .* got shape \(3,\)"),
        ({"zero_modes": np.eye(2)}, ValueError, r"zero_modes: .* got shape \(2, 2\)"),
        ({"zero_modes": [0, 0]}, ValueError, "zero_modes: column 0 is zero"),
        ({"zero_modes": [np.nan, 0]}, ValueError, "zero_modes: .* finite"),
        ({"H": np.eye(3), "zero_modes": np.ones((3, 2))}, ValueError, "zero_modes: .* 2 of rank 1"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=message):
        classify_hessian(**({"H": np.eye(2)} | arguments))


def test_asymmetry_becomes_error():
    h = np.array([[1.0, 1e-9], [0, 1e-9]])
    assert classify_hessian(h).inertia == (0, 0, 2)
    h = np.array([[1.0, 1e-9], [-1e-9, 1e-19]])
    assert classify_hessian(h).inertia == (0, 1, 1)
    single = np.eye(2, dtype=np.float32)
    single[0, 1] = 1e-6
    assert classify_hessian(single).kind is Kind.minimum
    with pytest.raises(ValueError, match="symmetric"):
        classify_hessian(single.astype(float))
    assert classify_hessian([[1, 0.3], [0.1, 1]], error=0.1).kind is Kind.minimum


def test_one_sided_error_holds_for_both_entries():
    found = classify_hessian(np.eye(2), error=[[0.0, 3.0], [0.0, 0.0]])
    assert found.inertia == (0, 1, 1)
