#include <string>
#include <string_view>

#include <pybind11/gil_safe_call_once.h>

#include "bindings.hpp"
#include "hesscape/lapack.hpp"

namespace hesscape::bindings {
namespace {

// How C spells a type of LAPACK's, as Cython does in the names of its capsules.
template <typename T>
struct Spelling;
template <>
struct Spelling<void> {
  static std::string text() { return "void"; }
};
template <>
struct Spelling<char> {
  static std::string text() { return "char"; }
};
template <>
struct Spelling<int> {
  static std::string text() { return "int"; }
};
template <>
struct Spelling<double> {
  static std::string text() { return "double"; }
};
template <>
struct Spelling<float> {
  static std::string text() { return "float"; }
};
template <typename T>
struct Spelling<T*> {
  static std::string text() { return Spelling<T>::text() + " *"; }
};
template <typename R, typename First, typename... Rest>
struct Spelling<R(First, Rest...)> {
  static std::string text() {
    std::string list = Spelling<First>::text();
    ((list += ", " + Spelling<Rest>::text()), ...);
    return Spelling<R>::text() + " (" + list + ")";
  }
};

// Cython's own names for double and float (__pyx_t_..._d, __pyx_t_..._s) become C's.
std::string normalised(std::string_view signature) {
  constexpr std::string_view letters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  std::string out;
  while (!signature.empty()) {
    const std::size_t length = std::min(signature.find_first_not_of(letters), signature.size());
    const std::string_view word = signature.substr(0, length);
    const bool alias = word.starts_with("__pyx_t_");
    if (alias && word.ends_with("_d")) {
      out += "double";
    } else if (alias && word.ends_with("_s")) {
      out += "float";
    } else {
      out += word;
    }
    const std::size_t next = std::min(length + (length == 0 ? 1 : 0), signature.size());
    out += signature.substr(length, next - length);
    signature.remove_prefix(next);
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
  const char* signature = PyCapsule_GetName(capsule.ptr());
  if (signature == nullptr) {
    throw py::error_already_set();
  }
  const std::string expected = Spelling<F>::text();
  if (normalised(signature) != expected) {
    throw py::import_error(full + " is '" + signature + "', expected '" + expected + "'");
  }
  void* pointer = PyCapsule_GetPointer(capsule.ptr(), signature);
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
