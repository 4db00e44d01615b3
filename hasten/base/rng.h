// Counter-based random numbers (Philox 4x32-10): every draw is a pure function of its key.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hasten {

// What a draw is for. Fixed at compile time: `operation("cutmix.box")`.
constexpr uint64_t operation(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

// One block of Philox 4x32 with ten rounds (Salmon et al., SC 2011). Same in, same out, everywhere.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// A 64-bit hash of two words; used to derive keys ("seed of this run's weights").
uint64_t mix(uint64_t a, uint64_t b);

// The stream of random numbers that belongs to (seed, operation, epoch, item).
// `item` is a sample id, a step or 0. Streams with different keys are independent, so results do not depend
// on the number of workers, on the order of calls, or on a restart.
class RandomStream {
 public:
  RandomStream(uint64_t seed, uint64_t operation, uint64_t epoch, uint64_t item);

  uint32_t bits();                                 // 32 uniform bits
  double uniform();                                // [0, 1), 53 bits
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  uint64_t below(uint64_t n);                      // [0, n), unbiased; n > 0
  double normal();                                 // mean 0, variance 1
  double gamma(double shape);                      // shape > 0, scale 1
  double beta(double a, double b);                 // a, b > 0
  void shuffle(std::vector<int64_t>& values);      // Fisher-Yates

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
};

// A random permutation of 0..n-1.
std::vector<int64_t> permutation(int64_t n, uint64_t seed, uint64_t operation, uint64_t epoch);

}  // namespace hasten
