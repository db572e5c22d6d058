// Outcomes of the core, as data: each is a code with a sentence that says what to change.
#pragma once

#include <cstdint>
#include <string_view>

namespace hesscape {

enum class Status : std::uint8_t {
  ok,
  shortened,     // non-finite values made a step shorter
  contradicted,  // values along other lines contradict the result, whose errors were widened
  no_step,       // no step gave finite values along some axis or pair
  not_finite,    // f is not finite at the point itself
};

std::string_view message(Status status);

}  // namespace hesscape
