// Checks for the tests of the core: one that fails prints where, what it saw and what it expected,
// and ends the program with a non-zero status.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <source_location>
#include <string_view>
#include <type_traits>

namespace hesscape::check {

using Where = std::source_location;

template <typename T>
void print(std::ostream& out, const T& value) {
  if constexpr (std::is_enum_v<T>) {
    out << +static_cast<std::underlying_type_t<T>>(value);
  } else if constexpr (std::same_as<T, bool>) {
    out << (value ? "true" : "false");
  } else {
    out << value;
  }
}

template <typename A, typename B>
[[noreturn]] void fail(const A& actual, std::string_view relation, const B& expected, Where where) {
  std::cerr.precision(std::numeric_limits<double>::max_digits10);
  std::cerr << where.file_name() << ':' << where.line() << ": in " << where.function_name()
            << "\n  got      ";
  print(std::cerr, actual);
  std::cerr << "\n  expected " << relation;
  print(std::cerr, expected);
  std::cerr << '\n';
  std::exit(EXIT_FAILURE);
}

inline void is_true(bool condition, Where where = Where::current()) {
  if (!condition) {
    fail(false, "", true, where);
  }
}

template <typename A, typename B>
void equal(const A& actual, const B& expected, Where where = Where::current()) {
  if (!(actual == expected)) {
    fail(actual, "", expected, where);
  }
}

// |actual - expected| <= tolerance; a NaN on either side fails.
inline void close(double actual, double expected, double tolerance,
                  Where where = Where::current()) {
  if (!(std::abs(actual - expected) <= tolerance)) {
    std::cerr << "tolerance " << tolerance << ", difference " << actual - expected << '\n';
    fail(actual, "about ", expected, where);
  }
}

inline void at_most(double actual, double bound, Where where = Where::current()) {
  if (!(actual <= bound)) {
    fail(actual, "at most ", bound, where);
  }
}

}  // namespace hesscape::check
