// Which instruction levels the processor has and the operating system saves the registers of.
#pragma once

#include <string>
#include <vector>

namespace hesscape {

// Lowest first: "baseline", and on x86-64 the levels of its ABI that the machine runs.
std::vector<std::string> levels();

}  // namespace hesscape
