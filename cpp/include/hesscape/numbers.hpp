// Numbers that bounds are made of.
#pragma once

#include <limits>

namespace hesscape {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
inline constexpr double epsilon = std::numeric_limits<double>::epsilon();
inline constexpr double unit_roundoff = epsilon / 2;
inline constexpr double underflow = 0x1p-900;  // covers gradual underflow of products up to one

}  // namespace hesscape
