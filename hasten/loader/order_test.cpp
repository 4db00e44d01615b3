// Orders of epochs: permutations, random enough, the same for everyone.
#include "hasten/loader/order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "hasten/base/clock.h"
#include "hasten/base/rng.h"

namespace hasten {
namespace {

std::vector<int64_t> all_of(const EpochPermutation& order) {
  std::vector<int64_t> ids(static_cast<size_t>(order.size()));
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = order.sample(static_cast<int64_t>(i));
  return ids;
}

bool is_permutation_of_all(std::vector<int64_t> ids) {
  std::sort(ids.begin(), ids.end());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] != static_cast<int64_t>(i)) return false;
  }
  return true;
}

TEST(KeyedPermutation, IsOneForEverySize) {
  for (int64_t n : {1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 100, 1023, 1024, 1025, 60000}) {
    EXPECT_TRUE(is_permutation_of_all(all_of(*full_shuffle(n, 3, 1)))) << n;
  }
}

TEST(KeyedPermutation, TheInverseLeadsBack) {
  KeyedPermutation order(1'000'003, 5, operation("test"), 2);
  for (uint64_t i = 0; i < 5000; ++i) EXPECT_EQ(order.inverse(order(i * 199)), i * 199);
}

// Chi-square of where position p lands over many keys: 64 cells, 6,400 draws; 0.999 quantile of 63 degrees is 103.4.
TEST(KeyedPermutation, EveryPlaceIsEquallyLikely) {
  for (uint64_t position : {uint64_t{0}, uint64_t{31}, uint64_t{63}}) {
    std::vector<int> seen(64);
    for (uint64_t epoch = 0; epoch < 6400; ++epoch)
      ++seen[KeyedPermutation(64, 11, operation("test"), epoch)(position)];
    double chi = 0;
    for (int count : seen) chi += std::pow(count - 100.0, 2) / 100.0;
    EXPECT_LT(chi, 103.4) << position;
    EXPECT_GT(chi, 30.0) << position;  // nor too even: the 0.0002 quantile
  }
}

// Neighbours in an epoch are not neighbours in the data, nor in the next epoch: their correlation is that of chance.
TEST(KeyedPermutation, NeighboursAreUnrelated) {
  const int64_t n = 20000;
  for (uint64_t epoch = 0; epoch < 5; ++epoch) {
    auto a = full_shuffle(n, 7, epoch), b = full_shuffle(n, 7, epoch + 1);
    double serial = 0, across = 0;
    const double mean = (n - 1) / 2.0, variance = (static_cast<double>(n) * n - 1) / 12.0;
    for (int64_t i = 0; i + 1 < n; ++i) {
      const double x = static_cast<double>(a->sample(i)) - mean;
      serial += x * (static_cast<double>(a->sample(i + 1)) - mean);
      across += x * (static_cast<double>(b->sample(i)) - mean);
    }
    EXPECT_LT(std::abs(serial / (n * variance)), 4 / std::sqrt(n));
    EXPECT_LT(std::abs(across / (n * variance)), 4 / std::sqrt(n));
  }
}

TEST(KeyedPermutation, EpochsAndSeedsDiffer) {
  EXPECT_EQ(all_of(*full_shuffle(100, 1, 0)), all_of(*full_shuffle(100, 1, 0)));
  EXPECT_NE(all_of(*full_shuffle(100, 1, 0)), all_of(*full_shuffle(100, 1, 1)));
  EXPECT_NE(all_of(*full_shuffle(100, 1, 0)), all_of(*full_shuffle(100, 2, 0)));
}

// The acceptance: mid-epoch at sample 10^9 of a synthetic set without walking there. Counted, not timed: one permutation
// is eight rounds and, over 1,000 positions, fewer than three walks each (a table of 10^9 numbers would be 8 GB).
TEST(KeyedPermutation, APlaceFarIntoAHugeEpochIsArithmetic) {
  auto order = full_shuffle(3'000'000'000, 1, 0);
  int64_t sum = 0;
  for (int64_t i = 1'000'000'000; i < 1'000'001'000; ++i) {
    const int64_t id = order->sample(i);
    ASSERT_LT(id, 3'000'000'000);
    sum += id / 1000;
  }
  EXPECT_NEAR(static_cast<double>(sum) / 1000, 1.5e6, 1.5e5);
}

TEST(BlockShuffle, IsAPermutationForEverySizeAndBlock) {
  for (int64_t n : {1, 5, 64, 100, 1000}) {
    for (int64_t block : {1, 3, 16, 2000}) {
      for (int64_t mixed : {1, 4}) EXPECT_TRUE(is_permutation_of_all(all_of(*block_shuffle(n, block, mixed, 2, 3))));
    }
  }
}

// Of each window of blocks_mixed blocks the samples come from at most so many blocks (plus one at the ring's seam).
TEST(BlockShuffle, ReadsStayWithinABlock) {
  const int64_t n = 4096, block = 64, mixed = 4;
  auto order = block_shuffle(n, block, mixed, 9, 1);
  for (int64_t first = 0; first < n; first += block * mixed) {
    std::vector<int64_t> ids;
    for (int64_t i = first; i < first + block * mixed; ++i) ids.push_back(order->sample(i));
    std::sort(ids.begin(), ids.end());
    int runs = 1;
    for (size_t i = 1; i < ids.size(); ++i) runs += ids[i] != ids[i - 1] + 1;
    EXPECT_LE(runs, mixed + 1);
  }
  EXPECT_EQ(mixing_radius(block, mixed), 255);
}

TEST(BlockShuffle, BordersMoveFromEpochToEpoch) {
  std::vector<int64_t> firsts;
  for (uint64_t epoch = 0; epoch < 8; ++epoch) {
    auto order = block_shuffle(1000, 10, 1, 4, epoch);
    std::vector<int64_t> ids;
    for (int64_t i = 0; i < 10; ++i) ids.push_back(order->sample(i));
    firsts.push_back(*std::min_element(ids.begin(), ids.end()) % 10);
  }
  std::sort(firsts.begin(), firsts.end());
  EXPECT_GT(std::unique(firsts.begin(), firsts.end()) - firsts.begin(), 2);
}

// Ranks together see what one process sees, and no sample twice, for any world size, also in a short last batch.
TEST(BatchShare, RanksSeeTogetherWhatOneSees) {
  for (int64_t world : {1, 2, 3, 4, 7}) {
    std::vector<int64_t> seen;
    for (int64_t rank = 0; rank < world; ++rank) {
      BatchShare share{12, world, rank};
      for (int64_t batch = 0; batch < 5; ++batch) {
        const int64_t global = batch == 4 ? 5 : 12;
        for (int64_t i = 0; i < share.count(global); ++i) seen.push_back(share.position(batch, i));
      }
    }
    EXPECT_EQ(seen.size(), 53U);
    EXPECT_TRUE(is_permutation_of_all(seen)) << world;
  }
}

}  // namespace
}  // namespace hasten
