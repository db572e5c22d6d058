from typing import type_check_only

import numpy as np
from numpy.typing import NDArray

__version__: str

@type_check_only
class _Pybind11Type(type): ...  # the metaclass of every class of the extension

class Status(metaclass=_Pybind11Type):
    ok: Status
    shortened: Status
    no_step: Status
    not_finite: Status
    @property
    def message(self) -> str: ...

class Derivatives(metaclass=_Pybind11Type):
    @property
    def value(self) -> NDArray[np.float64]: ...
    @property
    def gradient(self) -> NDArray[np.float64]: ...
    @property
    def gradient_error(self) -> NDArray[np.float64]: ...
    @property
    def curvature(self) -> NDArray[np.float64]: ...
    @property
    def curvature_error(self) -> NDArray[np.float64]: ...
    @property
    def hessian(self) -> NDArray[np.float64]: ...
    @property
    def hessian_error(self) -> NDArray[np.float64]: ...
    @property
    def exponent(self) -> NDArray[np.int32]: ...
    @property
    def reduction(self) -> NDArray[np.float64]: ...
    @property
    def noise(self) -> NDArray[np.float64]: ...
    @property
    def status(self) -> list[Status]: ...
    @property
    def nfev(self) -> list[int]: ...

class Measurement(metaclass=_Pybind11Type):
    def __init__(
        self,
        points: NDArray[np.float64],
        *,
        noise: float | None,
        step: NDArray[np.float64],
        levels: int,
        pairs: bool,
        by_point: bool,
    ) -> None: ...
    @property
    def done(self) -> bool: ...
    @property
    def axes_done(self) -> bool: ...
    def ask(self) -> NDArray[np.float64]: ...
    def tell(self, values: NDArray[np.float64]) -> None: ...
    def result(self) -> Derivatives: ...

class Lines(metaclass=_Pybind11Type):
    def __init__(
        self,
        x: NDArray[np.float64],
        *,
        step: NDArray[np.float64],
        curvature: NDArray[np.float64],
        curvature_error: NDArray[np.float64],
    ) -> None: ...
    @property
    def nfev(self) -> int: ...
    def points(self) -> NDArray[np.float64]: ...
    def tell(
        self,
        values: NDArray[np.float64],
        *,
        centre: float,
        noise: float,
        gradient: NDArray[np.float64],
        hessian: NDArray[np.float64],
    ) -> None: ...
    def agree(self, hessian: NDArray[np.float64], hessian_error: NDArray[np.float64]) -> bool: ...
    def gradient_error(
        self, gradient: NDArray[np.float64], gradient_error: NDArray[np.float64]
    ) -> NDArray[np.float64]: ...
    def hessian_error(
        self, hessian: NDArray[np.float64], hessian_error: NDArray[np.float64]
    ) -> NDArray[np.float64]: ...

def natural_steps(x: NDArray[np.float64]) -> NDArray[np.float64]: ...

class GradientStencil(metaclass=_Pybind11Type):
    def __init__(
        self,
        x: NDArray[np.float64],
        *,
        exponent: NDArray[np.int32],
        reduction: NDArray[np.float64],
    ) -> None: ...
    @property
    def done(self) -> bool: ...
    def ask(self) -> NDArray[np.float64]: ...
    def tell(self, gradients: NDArray[np.float64]) -> None: ...
    def gradient_noise(self) -> NDArray[np.float64]: ...
    def hessian(self) -> NDArray[np.float64]: ...
    def hessian_error(self) -> NDArray[np.float64]: ...

INSIGNIFICANT: int

def prove_signs(
    values: NDArray[np.float64],
    error: NDArray[np.float64] | None,
    zero_modes: int,
    gradient: NDArray[np.float64] | None,
) -> tuple[
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64] | None,
]: ...
def spectra(
    values: NDArray[np.float64], error: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...
def equilibrate(
    values: NDArray[np.float64], error: NDArray[np.float64] | None
) -> NDArray[np.int32]: ...
