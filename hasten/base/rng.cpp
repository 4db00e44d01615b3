// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. SC 2011) and draws from it.
#include "hasten/base/rng.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace hasten {

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  constexpr uint64_t kMultiply0 = 0xD2511F53, kMultiply1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    uint64_t product0 = kMultiply0 * counter[0], product1 = kMultiply1 * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(product0)};
    key = {key[0] + kWeyl0, key[1] + kWeyl1};
  }
  return counter;
}

uint64_t mix(uint64_t a, uint64_t b) {
  auto block = philox({static_cast<uint32_t>(a), static_cast<uint32_t>(a >> 32), static_cast<uint32_t>(b),
                       static_cast<uint32_t>(b >> 32)},
                      {0x243F6A88, 0x85A308D3});
  return (uint64_t{block[1]} << 32) | block[0];
}

RandomStream::RandomStream(uint64_t seed, uint64_t operation, uint64_t epoch, uint64_t item) {
  // The counter has room for a block index and three words; the rest goes into the key through a hash.
  uint64_t key = mix(mix(seed, operation), epoch >> 32);
  key_ = {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)};
  counter_ = {0, static_cast<uint32_t>(epoch), static_cast<uint32_t>(item), static_cast<uint32_t>(item >> 32)};
}

uint32_t RandomStream::bits() {
  if (used_ == 4) {
    block_ = philox(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[static_cast<size_t>(used_++)];
}

double RandomStream::uniform() {
  uint64_t high = bits(), low = bits();
  return static_cast<double>(((high << 32) | low) >> 11) * 0x1.0p-53;
}

uint64_t RandomStream::below(uint64_t n) {
  // Rejection of the low end makes every value equally likely (Lemire 2019, on 64-bit words).
  const uint64_t threshold = (0 - n) % n;
  while (true) {
    uint64_t word = (uint64_t{bits()} << 32) | bits();
    auto product = static_cast<unsigned __int128>(word) * n;
    if (static_cast<uint64_t>(product) >= threshold) return static_cast<uint64_t>(product >> 64);
  }
}

double RandomStream::normal() {
  // Box-Muller on 1 - u, which is never 0; the second variate is dropped so that each call stands alone.
  double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

double RandomStream::gamma(double shape) {
  // Marsaglia and Tsang 2000; shapes below 1 through the boost u^(1/shape).
  if (shape < 1.0) return gamma(shape + 1.0) * std::pow(1.0 - uniform(), 1.0 / shape);
  const double d = shape - 1.0 / 3.0, c = 1.0 / std::sqrt(9.0 * d);
  while (true) {
    double x = normal(), v = 1.0 + c * x;
    if (v <= 0) continue;
    v = v * v * v;
    if (std::log(1.0 - uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

double RandomStream::beta(double a, double b) {
  double x = gamma(a), y = gamma(b);
  // Both gammas underflow for tiny shapes; the distribution is then two points, weighted a : b.
  if (x + y == 0) return uniform() < a / (a + b) ? 1.0 : 0.0;
  return x / (x + y);
}

void RandomStream::shuffle(std::vector<int64_t>& values) {
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
}

std::vector<int64_t> permutation(int64_t n, uint64_t seed, uint64_t operation, uint64_t epoch) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  RandomStream(seed, operation, epoch, 0).shuffle(order);
  return order;
}

}  // namespace hasten
