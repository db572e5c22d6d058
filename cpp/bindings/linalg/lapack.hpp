// SciPy's LAPACK for the bindings.
#pragma once

#include "hesscape/linalg/lapack.hpp"

namespace hesscape::bindings {

// Looked up at the first call, which needs the GIL; ImportError if it is not as expected.
const Lapack& lapack();

}  // namespace hesscape::bindings
