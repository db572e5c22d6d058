#include "bindings.hpp"

// Nothing in the core is shared between threads, so that it needs no GIL.
PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
  m.doc() = "The C++ core of hesscape.";
  m.attr("__version__") = HESSCAPE_VERSION;
  hesscape::bindings::register_compiled(m);
  hesscape::bindings::register_config(m);
  hesscape::bindings::register_eigen_large(m);
  hesscape::bindings::register_eigen_stack(m);
  hesscape::bindings::register_gradient_stencil(m);
  hesscape::bindings::register_inertia(m);
  hesscape::bindings::register_inertia_large(m);
  hesscape::bindings::register_lanczos(m);
  hesscape::bindings::register_lapack(m);
  hesscape::bindings::register_ldlt_stack(m);
  hesscape::bindings::register_lines(m);
  hesscape::bindings::register_measurement(m);
  hesscape::bindings::register_screen(m);
  hesscape::bindings::register_sparse_pattern(m);
  hesscape::bindings::register_sparse_inertia(m);
  hesscape::bindings::register_sparse_stencil(m);
  hesscape::bindings::register_star_colouring(m);
  hesscape::bindings::register_verdict(m);
}
