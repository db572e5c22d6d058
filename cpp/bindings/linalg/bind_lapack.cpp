#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>

#include <pybind11/gil_safe_call_once.h>

#include "bindings.hpp"
#include "hesscape/linalg/lapack.hpp"
#include "linalg/lapack.hpp"

namespace hesscape::bindings {
namespace {

// How C spells a type of LAPACK's, as Cython does in the names of its capsules.
template <typename T>
std::string spelling() {
  if constexpr (std::is_pointer_v<T>) {
    return spelling<std::remove_pointer_t<T>>() + " *";
  } else if constexpr (std::is_same_v<T, double>) {
    return "double";
  } else if constexpr (std::is_same_v<T, float>) {
    return "float";
  } else if constexpr (std::is_same_v<T, int>) {
    return "int";
  } else if constexpr (std::is_same_v<T, char>) {
    return "char";
  } else {
    static_assert(std::is_void_v<T>);
    return "void";
  }
}

template <typename R, typename First, typename... Rest>
std::string signature(R (* /*function*/)(First, Rest...)) {
  std::string list = spelling<First>();
  ((list += ", " + spelling<Rest>()), ...);
  return spelling<R>() + " (" + list + ")";
}

// Cython's own names for double and float (__pyx_t_..._d, __pyx_t_..._s) become C's.
std::string normalised(std::string_view left) {
  constexpr std::string_view letters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  std::string out;
  while (!left.empty()) {
    const std::size_t length = std::min(left.find_first_not_of(letters), left.size());
    const std::string_view word = left.substr(0, length);
    const bool alias = word.starts_with("__pyx_t_");
    if (alias && word.ends_with("_d")) {
      out += "double";
    } else if (alias && word.ends_with("_s")) {
      out += "float";
    } else {
      out += word;
    }
    const std::size_t next = std::min(length + (length == 0 ? 1 : 0), left.size());
    out += left.substr(length, next - length);
    left.remove_prefix(next);
  }
  return out;
}

// The function behind one of SciPy's capsules, if its signature is the one that we call it by.
template <typename F>
F* function(const py::dict& capsules, const char* module, const char* name) {
  const std::string full = std::string("scipy.linalg.") + module + "." + name;
  if (!capsules.contains(name)) {
    throw py::import_error(full + " is missing: expected SciPy >= 1.13");
  }
  const py::object capsule = capsules[name];
  const char* actual = PyCapsule_GetName(capsule.ptr());
  if (actual == nullptr) {
    throw py::error_already_set();
  }
  const std::string expected = signature(static_cast<F*>(nullptr));
  if (normalised(actual) != expected) {
    throw py::import_error(full + " is '" + actual + "', expected '" + expected + "'");
  }
  void* pointer = PyCapsule_GetPointer(capsule.ptr(), actual);
  if (pointer == nullptr) {
    throw py::error_already_set();
  }
  return reinterpret_cast<F*>(pointer);
}

Lapack from_capsules(const py::dict& blas, const py::dict& lapack) {
  Lapack table;
  table.dtrsm = function<Lapack::Trsm>(blas, "cython_blas", "dtrsm");
  table.dsyrk = function<Lapack::Syrk>(blas, "cython_blas", "dsyrk");
  table.dpotrf = function<Lapack::Potrf>(lapack, "cython_lapack", "dpotrf");
  table.dsytrf = function<Lapack::Sytrf>(lapack, "cython_lapack", "dsytrf");
  table.dsyevd = function<Lapack::Syevd<double>>(lapack, "cython_lapack", "dsyevd");
  table.ssyevd = function<Lapack::Syevd<float>>(lapack, "cython_lapack", "ssyevd");
  return table;
}

py::dict capsules(const char* module) { return py::module_::import(module).attr("__pyx_capi__"); }

}  // namespace

const Lapack& lapack() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<Lapack> storage;
  return storage
      .call_once_and_store_result([] {
        return from_capsules(capsules("scipy.linalg.cython_blas"),
                             capsules("scipy.linalg.cython_lapack"));
      })
      .get_stored();
}

void register_lapack(py::module_& m) {
  m.def(
      "check_lapack",
      [](const py::dict& blas, const py::dict& lapack) { from_capsules(blas, lapack); },
      py::arg("blas"), py::arg("lapack"),
      "Raise ImportError unless every function is in these capsules with the expected signature.");
}

}  // namespace hesscape::bindings
