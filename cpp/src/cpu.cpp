#include "hesscape/cpu.hpp"

#if defined(__x86_64__) || (defined(_M_X64) && !defined(_M_ARM64EC))
#define HESSCAPE_X86_64 1
#if defined(_MSC_VER)
#include <immintrin.h>
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#endif

#include <array>
#include <cstdint>

namespace hesscape {

#if defined(HESSCAPE_X86_64)
namespace {

struct Registers {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// Zeros for a leaf that the processor does not know.
Registers cpuid(std::uint32_t leaf) {
  Registers r;
#if defined(_MSC_VER)
  std::array<int, 4> out{};
  __cpuid(out.data(), static_cast<int>(leaf & 0x80000000U));
  if (static_cast<std::uint32_t>(out[0]) < leaf) {
    return r;
  }
  __cpuidex(out.data(), static_cast<int>(leaf), 0);
  r = {static_cast<std::uint32_t>(out[0]), static_cast<std::uint32_t>(out[1]),
       static_cast<std::uint32_t>(out[2]), static_cast<std::uint32_t>(out[3])};
#else
  __get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx);
#endif
  return r;
}

// The register states that the operating system saves; only valid where OSXSAVE is set.
std::uint64_t saved_states() {
#if defined(_MSC_VER)
  return _xgetbv(0);
#else
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (std::uint64_t{high} << 32) | low;
#endif
}

template <typename Word, typename... Positions>
bool has(Word word, Positions... positions) {
  return ((((word >> positions) & 1) != 0) && ...);
}

}  // namespace

// The tables of "Micro-architecture levels" in the x86-64 psABI.
std::vector<std::string> levels() {
  std::vector<std::string> names{"baseline"};
  const Registers basic = cpuid(1);
  const Registers more = cpuid(7);
  const Registers extended = cpuid(0x80000001U);
  // SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT; LAHF
  if (!has(basic.ecx, 0, 9, 13, 19, 20, 23) || !has(extended.ecx, 0)) {
    return names;
  }
  names.emplace_back("x86-64-v2");
  // FMA, MOVBE, OSXSAVE, AVX, F16C; BMI1, AVX2, BMI2; LZCNT; the states of XMM and YMM
  if (!has(basic.ecx, 12, 22, 27, 28, 29) || !has(more.ebx, 3, 5, 8) || !has(extended.ecx, 5) ||
      !has(saved_states(), 1, 2)) {
    return names;
  }
  names.emplace_back("x86-64-v3");
  // AVX512F, DQ, CD, BW, VL; the states of the masks and of both halves of ZMM
  if (has(more.ebx, 16, 17, 28, 30, 31) && has(saved_states(), 5, 6, 7)) {
    names.emplace_back("x86-64-v4");
  }
  return names;
}

#else

std::vector<std::string> levels() { return {"baseline"}; }

#endif

}  // namespace hesscape
