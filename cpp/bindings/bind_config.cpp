#include <string>

#include <Eigen/Core>

#include "bindings.hpp"

namespace hesscape::bindings {
namespace {

std::string eigen_version() {
  return std::to_string(EIGEN_WORLD_VERSION) + '.' + std::to_string(EIGEN_MAJOR_VERSION) + '.' +
         std::to_string(EIGEN_MINOR_VERSION);
}

}  // namespace

void register_config(py::module_& m) {
  m.attr("LEVEL") = HESSCAPE_LEVEL;
  m.attr("COMPILER") = py::make_tuple(HESSCAPE_COMPILER, HESSCAPE_COMPILER_VERSION);
  m.attr("FLAGS") = HESSCAPE_FLAGS;
  m.attr("EIGEN_VERSION") = eigen_version();
  m.attr("PACKET") = static_cast<int>(Eigen::internal::packet_traits<double>::size);
  m.attr("ALIGNMENT") = EIGEN_MAX_ALIGN_BYTES;
}

}  // namespace hesscape::bindings
