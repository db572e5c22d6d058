#include <algorithm>
#include <string>
#include <string_view>

#include "bindings.hpp"
#include "hesscape/compiled.hpp"

namespace hesscape::bindings {
namespace {

using Rows = py::array_t<double>;

// What SciPy keeps of a function: its address, the address of its data, and its signature in C.
struct Capsule {
  std::string signature;  // without spaces and const
  std::string as_given;
  void* address;
  void* data;
};

std::string without(std::string text, std::string_view part) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part))
    text.erase(at, part.size());
  return text;
}

Capsule capsule_of(const py::object& given) {
  const char* name = PyCapsule_GetName(given.ptr());
  if (name == nullptr) throw py::error_already_set();
  void* address = PyCapsule_GetPointer(given.ptr(), name);
  if (address == nullptr) throw py::error_already_set();
  void* data = PyCapsule_GetContext(given.ptr());
  if (data == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
  std::string plain = without(without(name, "const"), " ");
  // Windows has ctypes call its int long, which is as long there.
  if (sizeof(long) == sizeof(int) && plain.find("(long,") != std::string::npos)
    plain.replace(plain.find("(long,"), 6, "(int,");
  return {plain, name, address, data};
}

[[noreturn]] void refuse(const char* argument, const Capsule& given, const char* expected) {
  throw py::type_error(std::string(argument) + " must be a LowLevelCallable with the signature " +
                       expected + ", got '" + given.as_given + "'");
}

CompiledFunction function_of(const py::object& capsule) {
  const Capsule given = capsule_of(capsule);
  CompiledFunction f;
  f.data = given.data;
  if (given.signature == "double(int,double*,void*)") {
    f.with_data = reinterpret_cast<CompiledFunction::WithData*>(given.address);
  } else if (given.signature == "double(int,double*)") {
    f.alone = reinterpret_cast<CompiledFunction::Alone*>(given.address);
  } else {
    refuse("fun", given, "'double (int, double *, void *)' or 'double (int, double *)'");
  }
  return f;
}

CompiledGradient gradient_of(const py::object& capsule) {
  const Capsule given = capsule_of(capsule);
  if (given.signature != "void(int,double*,double*,void*)")
    refuse("jac", given, "'void (int, double *, double *, void *)'");
  return {reinterpret_cast<CompiledGradient::WithData*>(given.address), given.data};
}

// Without the GIL, but listening to Ctrl-C every now and then.
template <typename Function>
void evaluate_all(const Function& f, const Rows& points, py::array_t<double>& results) {
  const auto item = static_cast<py::ssize_t>(sizeof(double));
  const PointsView view(points.data(), points.shape(0), points.shape(1),
                        {points.strides(0) / item, points.strides(1) / item});
  double* out = results.mutable_data();
  Eigen::Index done = 0;
  while (done < view.rows()) {
    {
      const py::gil_scoped_release release;
      done = evaluate(f, view, done, out);
    }
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }
}

py::array_t<double> values(const CompiledFunction& f, const Rows& points) {
  py::array_t<double> results(points.shape(0));
  evaluate_all(f, points, results);
  return results;
}

py::array_t<double> gradients(const CompiledGradient& g, const Rows& points) {
  py::array_t<double> results({points.shape(0), points.shape(1)});
  evaluate_all(g, points, results);
  return results;
}

}  // namespace

void register_compiled(py::module_& m) {
  py::class_<CompiledFunction>(m, "CompiledFunction")
      .def(py::init(&function_of), py::arg("capsule"))
      .def("__call__", &values, py::arg("points").noconvert());
  py::class_<CompiledGradient>(m, "CompiledGradient")
      .def(py::init(&gradient_of), py::arg("capsule"))
      .def("__call__", &gradients, py::arg("points").noconvert());
}

}  // namespace hesscape::bindings
