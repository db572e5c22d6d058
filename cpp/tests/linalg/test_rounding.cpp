// The error bounds count on packets that round as IEEE 754 says; Eigen's fast square roots do not.
#include <cmath>

#include <Eigen/Core>

#include "check.hpp"

namespace {

namespace check = hesscape::check;

template <typename Scalar>
void packets_round_as_scalars() {
  constexpr int count = 1000;
  Eigen::Array<Scalar, Eigen::Dynamic, 1> x(count);
  for (int i = 0; i < count; ++i) {
    x[i] = std::ldexp(Scalar(1) + Scalar(i) / Scalar(997), i % 200 - 100);
  }
  const Eigen::Array<Scalar, Eigen::Dynamic, 1> root = x.sqrt();
  const Eigen::Array<Scalar, Eigen::Dynamic, 1> quotient = x / root.reverse();
  for (int i = 0; i < count; ++i) {
    check::equal(root[i], std::sqrt(x[i]));
    check::equal(quotient[i], x[i] / root[count - 1 - i]);
  }
}

}  // namespace

int main() {
  packets_round_as_scalars<double>();
  packets_round_as_scalars<float>();
}
