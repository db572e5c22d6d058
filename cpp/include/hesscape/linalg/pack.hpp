// A pack: the same number of several matrices, one a lane, so that one instruction works on all.
//
// Eigen's widest packet of doubles is the register. A pack holds four, because divisions and square
// roots form chains: with four independent chains in flight, bench/stacks.py runs 1.5 to 2.5 times
// faster than with one.
#pragma once

#include <array>

#include <Eigen/Core>

namespace hesscape {

static_assert(EIGEN_FAST_MATH == 0, "square roots have to be rounded correctly");

class Pack {
 public:
  using Packet = Eigen::internal::packet_traits<double>::type;
  static constexpr Eigen::Index packet_size = Eigen::internal::packet_traits<double>::size;
  static constexpr Eigen::Index packets = 4;
  static constexpr Eigen::Index lanes = packets * packet_size;

  Pack() = default;
  // Copied packet by packet: compilers copy large trivial classes by string instructions, which
  // stall the loads that follow.
  Pack(const Pack& other) { *this = other; }
  Pack& operator=(const Pack& other) {  // NOLINT(bugprone-unhandled-self-assignment)
    for (Eigen::Index k = 0; k < packets; ++k) {
      v_[k] = other.v_[k];
    }
    return *this;
  }
  ~Pack() = default;
  // A number is a pack of equal lanes.
  Pack(double value) {  // NOLINT(google-explicit-constructor)
    for (Packet& v : v_) {
      v = Eigen::internal::pset1<Packet>(value);
    }
  }

  // Lane l from first[l * stride].
  static Pack gather(const double* first, Eigen::Index stride) {
    return each([&](Eigen::Index k) {
      return Eigen::internal::pgather<double, Packet>(first + k * packet_size * stride, stride);
    });
  }
  void scatter(double* first, Eigen::Index stride) const {
    for (Eigen::Index k = 0; k < packets; ++k) {
      Eigen::internal::pscatter<double, Packet>(first + k * packet_size * stride, v_[k], stride);
    }
  }
  // Column c < packet_size of the rows that begin at first[l * stride] for lane l: whole cache
  // lines are read and transposed in registers.
  static void load_transposed(const double* first, Eigen::Index stride, Pack* columns) {
    for (Eigen::Index k = 0; k < packets; ++k) {
      Eigen::internal::PacketBlock<Packet, packet_size> block;
      for (Eigen::Index l = 0; l < packet_size; ++l) {
        block.packet[l] = Eigen::internal::ploadu<Packet>(first + (k * packet_size + l) * stride);
      }
      Eigen::internal::ptranspose(block);
      for (Eigen::Index c = 0; c < packet_size; ++c) {
        columns[c].v_[k] = block.packet[c];
      }
    }
  }
  // Lane l is f(l).
  template <class F>
  static Pack each_lane(F f) {
    std::array<double, lanes> values;
    for (Eigen::Index lane = 0; lane < lanes; ++lane) {
      values[lane] = f(lane);
    }
    return load(values.data());
  }
  static Pack load(const double* from) {
    return each(
        [&](Eigen::Index k) { return Eigen::internal::ploadu<Packet>(from + k * packet_size); });
  }
  void store(double* to) const {
    for (Eigen::Index k = 0; k < packets; ++k) {
      Eigen::internal::pstoreu(to + k * packet_size, v_[k]);
    }
  }

  friend Pack operator+(const Pack& a, const Pack& b) {
    return each([&](Eigen::Index k) { return Eigen::internal::padd(a.v_[k], b.v_[k]); });
  }
  friend Pack operator-(const Pack& a, const Pack& b) {
    return each([&](Eigen::Index k) { return Eigen::internal::psub(a.v_[k], b.v_[k]); });
  }
  friend Pack operator*(const Pack& a, const Pack& b) {
    return each([&](Eigen::Index k) { return Eigen::internal::pmul(a.v_[k], b.v_[k]); });
  }
  friend Pack operator/(const Pack& a, const Pack& b) {
    return each([&](Eigen::Index k) { return Eigen::internal::pdiv(a.v_[k], b.v_[k]); });
  }
  friend Pack operator-(const Pack& a) {
    return each([&](Eigen::Index k) { return Eigen::internal::pnegate(a.v_[k]); });
  }
  // a * b + c, fused where the instruction level has it.
  friend Pack fma(const Pack& a, const Pack& b, const Pack& c) {
    return each([&](Eigen::Index k) { return Eigen::internal::pmadd(a.v_[k], b.v_[k], c.v_[k]); });
  }
  // c - a * b
  friend Pack fnma(const Pack& a, const Pack& b, const Pack& c) {
    return each([&](Eigen::Index k) {
      return Eigen::internal::pmadd(Eigen::internal::pnegate(a.v_[k]), b.v_[k], c.v_[k]);
    });
  }
  friend Pack sqrt(const Pack& a) {
    return each([&](Eigen::Index k) { return Eigen::internal::psqrt(a.v_[k]); });
  }
  friend Pack abs(const Pack& a) {
    return each([&](Eigen::Index k) { return Eigen::internal::pabs(a.v_[k]); });
  }
  friend Pack min(const Pack& a, const Pack& b) {
    return each([&](Eigen::Index k) { return Eigen::internal::pmin(a.v_[k], b.v_[k]); });
  }
  friend Pack max(const Pack& a, const Pack& b) {
    return each([&](Eigen::Index k) { return Eigen::internal::pmax(a.v_[k], b.v_[k]); });
  }

  // Comparisons give masks: all bits of a lane, or none. A comparison with NaN is false.
  friend Pack operator<(const Pack& a, const Pack& b) {
    return each([&](Eigen::Index k) { return Eigen::internal::pcmp_lt(a.v_[k], b.v_[k]); });
  }
  friend Pack operator<=(const Pack& a, const Pack& b) {
    return each([&](Eigen::Index k) { return Eigen::internal::pcmp_le(a.v_[k], b.v_[k]); });
  }
  friend Pack operator&(const Pack& a, const Pack& b) {
    return each([&](Eigen::Index k) { return Eigen::internal::pand(a.v_[k], b.v_[k]); });
  }
  friend Pack operator|(const Pack& a, const Pack& b) {
    return each([&](Eigen::Index k) { return Eigen::internal::por(a.v_[k], b.v_[k]); });
  }
  friend Pack operator^(const Pack& a, const Pack& b) {
    return each([&](Eigen::Index k) { return Eigen::internal::pxor(a.v_[k], b.v_[k]); });
  }
  friend Pack select(const Pack& mask, const Pack& yes, const Pack& no) {
    return each(
        [&](Eigen::Index k) { return Eigen::internal::pselect(mask.v_[k], yes.v_[k], no.v_[k]); });
  }
  friend bool all(const Pack& mask) { return !any(mask ^ (Pack(0.0) <= Pack(0.0))); }
  // Whether some lane of a mask is set.
  friend bool any(const Pack& mask) {
    const Pack one = mask & Pack(1.0);
    Packet sum = one.v_[0];
    for (Eigen::Index k = 1; k < packets; ++k) {
      sum = Eigen::internal::por(sum, one.v_[k]);
    }
    return Eigen::internal::predux_max(sum) > 0;
  }

 private:
  template <class F>
  static EIGEN_ALWAYS_INLINE Pack each(F f) {
    Pack out;
    for (Eigen::Index k = 0; k < packets; ++k) {
      out.v_[k] = f(k);
    }
    return out;
  }
  Packet v_[packets];
};

}  // namespace hesscape
