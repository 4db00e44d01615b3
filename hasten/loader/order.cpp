// The order of an epoch as arithmetic.
#include "hasten/loader/order.h"

#include <algorithm>
#include <bit>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"

namespace hasten {
namespace {

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the result depends on every bit of x.
uint64_t scramble(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

constexpr uint64_t mask(int bits) { return (uint64_t{1} << bits) - 1; }

class FullShuffle final : public EpochPermutation {
 public:
  FullShuffle(int64_t size, uint64_t seed, uint64_t epoch)
      : order_(static_cast<uint64_t>(size), seed, operation("loader.order"), epoch) {}
  int64_t size() const override { return static_cast<int64_t>(order_.size()); }
  int64_t sample(int64_t position) const override {
    return static_cast<int64_t>(order_(static_cast<uint64_t>(position)));
  }

 private:
  KeyedPermutation order_;
};

class InOrder final : public EpochPermutation {
 public:
  explicit InOrder(int64_t size) : size_(size) {}
  int64_t size() const override { return size_; }
  int64_t sample(int64_t position) const override { return position; }

 private:
  int64_t size_;
};

// The samples stand on a ring that begins at a random place. On the ring lie whole blocks and one shorter one, which
// goes last; groups of blocks are mixed.
class BlockShuffle final : public EpochPermutation {
 public:
  BlockShuffle(int64_t size, int64_t block, int64_t blocks_mixed, uint64_t seed, uint64_t epoch)
      : size_(size),
        block_(block),
        group_(block * blocks_mixed),
        seed_(mix(seed, epoch)),
        begin_(static_cast<int64_t>(
            RandomStream(seed, operation("loader.block_begin"), epoch, 0).below(static_cast<uint64_t>(size)))),
        blocks_(static_cast<uint64_t>(std::max<int64_t>(1, size / block)), seed, operation("loader.blocks"), epoch) {}
  int64_t size() const override { return size_; }
  int64_t sample(int64_t position) const override {
    const int64_t group = position / group_, first = group * group_;
    const int64_t members = std::min(group_, size_ - first);
    const KeyedPermutation within(static_cast<uint64_t>(members), seed_, operation("loader.group"),
                                  static_cast<uint64_t>(group));
    const int64_t place = first + static_cast<int64_t>(within(static_cast<uint64_t>(position - first)));
    // Behind the whole blocks comes the short one, which stays where it is.
    const int64_t whole = size_ / block_ * block_;
    int64_t on_ring = place;
    if (place < whole) {
      on_ring = static_cast<int64_t>(blocks_(static_cast<uint64_t>(place / block_))) * block_ + place % block_;
    }
    return (on_ring + begin_) % size_;
  }

 private:
  int64_t size_, block_, group_;
  uint64_t seed_;
  int64_t begin_;
  KeyedPermutation blocks_;
};

}  // namespace

KeyedPermutation::KeyedPermutation(uint64_t n, uint64_t seed, uint64_t operation, uint64_t epoch) : n_(n) {
  HASTEN_CHECK(n > 0 && n <= uint64_t{1} << 62, "a permutation of at least one and at most 2^62 numbers");
  const int bits = std::max(2, static_cast<int>(std::bit_width(n - 1)));
  right_bits_ = bits / 2;
  left_bits_ = bits - right_bits_;
  RandomStream random(seed, operation, epoch, 0);
  for (uint64_t& key : keys_) key = uint64_t{random.bits()} << 32 | random.bits();
}

// Halves of unequal width: even rounds change the left one by the right one, odd rounds the other way about.
uint64_t KeyedPermutation::encrypt(uint64_t x) const {
  uint64_t left = x >> right_bits_, right = x & mask(right_bits_);
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t key = keys_[static_cast<size_t>(round)];
    if (round % 2 == 0) left ^= scramble(right + key) & mask(left_bits_);
    else right ^= scramble(left + key) & mask(right_bits_);
  }
  return left << right_bits_ | right;
}

uint64_t KeyedPermutation::decrypt(uint64_t x) const {
  uint64_t left = x >> right_bits_, right = x & mask(right_bits_);
  for (int round = kRounds - 1; round >= 0; --round) {
    const uint64_t key = keys_[static_cast<size_t>(round)];
    if (round % 2 == 0) left ^= scramble(right + key) & mask(left_bits_);
    else right ^= scramble(left + key) & mask(right_bits_);
  }
  return left << right_bits_ | right;
}

uint64_t KeyedPermutation::operator()(uint64_t position) const {
  uint64_t x = encrypt(position);
  while (x >= n_) x = encrypt(x);
  return x;
}

uint64_t KeyedPermutation::inverse(uint64_t value) const {
  uint64_t x = decrypt(value);
  while (x >= n_) x = decrypt(x);
  return x;
}

std::unique_ptr<EpochPermutation> full_shuffle(int64_t size, uint64_t seed, uint64_t epoch) {
  return std::make_unique<FullShuffle>(size, seed, epoch);
}

std::unique_ptr<EpochPermutation> block_shuffle(int64_t size, int64_t block, int64_t blocks_mixed, uint64_t seed,
                                                uint64_t epoch) {
  HASTEN_CHECK(block > 0 && blocks_mixed > 0, "blocks of at least one sample");
  return std::make_unique<BlockShuffle>(size, block, blocks_mixed, seed, epoch);
}

int64_t mixing_radius(int64_t block, int64_t blocks_mixed) { return block * blocks_mixed - 1; }

std::unique_ptr<EpochPermutation> in_order(int64_t size) { return std::make_unique<InOrder>(size); }

int64_t BatchShare::count(int64_t global_count) const { return (global_count - rank + world - 1) / world; }

int64_t BatchShare::position(int64_t batch_index, int64_t i) const { return batch_index * batch + rank + i * world; }

}  // namespace hasten
