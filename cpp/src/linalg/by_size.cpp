#include "hesscape/linalg/by_size.hpp"

#include "hesscape/linalg/pack.hpp"

namespace hesscape {

bool across(Task task, Eigen::Index n, Eigen::Index count) {
  for (const SizeRange& range : size_ranges) {
    if (n <= range.largest_n) {
      const double least = task == Task::values    ? range.values
                           : task == Task::vectors ? range.vectors
                                                   : range.signs;
      return static_cast<double>(count) >= least * Pack::lanes;
    }
  }
  return false;
}

}  // namespace hesscape
