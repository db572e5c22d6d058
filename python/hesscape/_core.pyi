import numpy as np
from numpy.typing import NDArray

__version__: str

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
