"""Is this point a minimum, a maximum or a saddle, how sure is that, and how do I get off it?"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import _dispatch, linalg  # noqa: F401  (_dispatch comes first: it loads _core)
from ._config import show_config
from ._core import __version__
from ._progress import Progress
from .derivatives.measurement import Measurement
from .derivatives.model import TaylorModel
from .derivatives.taylor import gradient, hessian, taylor
from .escapes.escape import escape
from .escapes.result import Escape
from .escapes.walk import Side
from .krylov.curvature import CurvatureBounds, curvature
from .krylov.density import SpectralDensity, spectral_density
from .minimizers.minimize import minimize
from .objective import Objective
from .problem import Problem
from .status import HesscapeError, NonFiniteError
from .surveys.survey import survey
from .surveys.table import Survey
from .verdicts.classify import classify, classify_hessian
from .verdicts.critical_point import CriticalPoint, Kind

if TYPE_CHECKING:
    from . import interop, plot, testing

__all__ = [
    "CriticalPoint",
    "CurvatureBounds",
    "Escape",
    "HesscapeError",
    "Kind",
    "Measurement",
    "NonFiniteError",
    "Objective",
    "Problem",
    "Progress",
    "Side",
    "SpectralDensity",
    "Survey",
    "TaylorModel",
    "__version__",
    "classify",
    "classify_hessian",
    "curvature",
    "escape",
    "gradient",
    "hessian",
    "interop",
    "linalg",
    "minimize",
    "plot",
    "show_config",
    "spectral_density",
    "survey",
    "taylor",
    "testing",
]

LATER = ("interop", "plot", "testing")  # imported when they are first used


def __getattr__(name: str) -> Any:
    if name in LATER:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
