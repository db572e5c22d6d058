#include "hesscape/status.hpp"

namespace hesscape {

std::string_view message(Status status) {
  switch (status) {
    case Status::ok:
      return "every derivative was measured with the steps that suit it best";
    case Status::shortened:
      return "non-finite values near x made some steps shorter; the errors account for it";
    case Status::contradicted:
      return "the values along other lines contradict it; the errors account for it";
    case Status::no_step:
      return "no step gives finite values in some direction; x lies on the edge of the domain of "
             "fun";
    case Status::not_finite:
      return "fun is not finite at x itself; move x into the domain of fun";
  }
  return "unknown status";
}

}  // namespace hesscape
