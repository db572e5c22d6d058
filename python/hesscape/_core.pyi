from typing import type_check_only

__version__: str

@type_check_only
class _Pybind11Type(type): ...  # the metaclass of every class of the extension
