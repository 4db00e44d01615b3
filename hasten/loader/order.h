// The order of an epoch as arithmetic: position to sample in constant memory, so resuming and sharing out are arithmetic.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

namespace hasten {

// A keyed permutation of 0..n-1: a Feistel network over the next power of two, walked until it lands inside
// (Black and Rogaway, Ciphers with Arbitrary Finite Domains, CT-RSA 2002). Less than two walks on average.
class KeyedPermutation {
 public:
  KeyedPermutation(uint64_t n, uint64_t seed, uint64_t operation, uint64_t epoch);
  uint64_t size() const { return n_; }
  uint64_t operator()(uint64_t position) const;  // position < size()
  uint64_t inverse(uint64_t value) const;  // value < size()

 private:
  static constexpr int kRounds = 8;
  uint64_t encrypt(uint64_t x) const;
  uint64_t decrypt(uint64_t x) const;
  uint64_t n_;
  int left_bits_, right_bits_;
  std::array<uint64_t, kRounds> keys_;
};

// Where the samples of one epoch stand.
class EpochPermutation {
 public:
  virtual ~EpochPermutation() = default;
  virtual int64_t size() const = 0;
  virtual int64_t sample(int64_t position) const = 0;  // position < size(); from several threads at once
};

// Every sample anywhere with the same chance.
std::unique_ptr<EpochPermutation> full_shuffle(int64_t size, uint64_t seed, uint64_t epoch);

// For disks where neighbours are cheap: blocks of `block` neighbouring samples in random order, and the samples of
// `blocks_mixed` blocks shuffled with each other. A sample moves by at most mixing_radius() places from where its block
// went. Block borders are drawn anew each epoch, so no two samples are neighbours for good.
std::unique_ptr<EpochPermutation> block_shuffle(int64_t size, int64_t block, int64_t blocks_mixed, uint64_t seed,
                                                uint64_t epoch);
int64_t mixing_radius(int64_t block, int64_t blocks_mixed);

std::unique_ptr<EpochPermutation> in_order(int64_t size);

// How the global batches of an epoch are shared by `world` processes. The rule: of global batch g of b samples, rank r
// takes the positions g*b + r, g*b + r + world, ...; an incomplete last batch is left out in training, and shared by the
// same rule in evaluation. So what all ranks see together is the same for any world size.
struct BatchShare {
  int64_t batch = 1;  // of all ranks together
  int64_t world = 1, rank = 0;
  int64_t count(int64_t global_count) const;  // of this rank in a batch of so many samples
  int64_t position(int64_t batch_index, int64_t i) const;  // in the epoch, of sample i of this rank
};

// Whole batches of an epoch: the remainder rule of training.
inline int64_t whole_batches(int64_t samples, int64_t batch) { return samples / batch; }

}  // namespace hasten
