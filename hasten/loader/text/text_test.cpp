#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "hasten/base/rng.h"
#include "hasten/loader/formats/test_files.h"
#include "hasten/loader/text/packing.h"
#include "hasten/loader/text/synthetic_tokens.h"
#include "hasten/loader/text/token_windows.h"

namespace hasten {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

// How often each input is in a window of the epoch.
std::vector<int> cover(const TokenWindows& windows, uint64_t epoch, int64_t tokens) {
  std::vector<int> times(static_cast<size_t>(tokens - 1));
  for (int64_t w = 0; w < windows.size(); ++w) {
    const TokenWindow window = windows.window(epoch, w);
    EXPECT_EQ(window.first.count + window.second.count, windows.length());
    for (const WindowPiece& piece : {window.first, window.second}) {
      for (int64_t i = 0; i < piece.count; ++i) ++times.at(static_cast<size_t>(piece.position + i));
    }
  }
  return times;
}

TEST(TokenWindows, AnEpochHasEveryTokenOnceWhateverItsPhase) {
  const TokenWindows even(101, 10, 7, WindowSampling::kEpoch);
  EXPECT_EQ(even.size(), 10);
  for (uint64_t epoch = 0; epoch < 20; ++epoch) EXPECT_THAT(cover(even, epoch, 101), Each(1));
}

TEST(TokenWindows, WhatIsLeftOutChanges) {
  const TokenWindows windows(1000, 64, 7, WindowSampling::kEpoch);
  EXPECT_EQ(windows.size(), 15);
  EXPECT_EQ(windows.left_out(), 39);
  std::vector<int> ever(999);
  std::set<int64_t> phases;
  for (uint64_t epoch = 0; epoch < 50; ++epoch) {
    const std::vector<int> times = cover(windows, epoch, 1000);
    EXPECT_EQ(std::count(times.begin(), times.end(), 0), 39);
    EXPECT_EQ(std::count(times.begin(), times.end(), 1), 960);
    for (size_t i = 0; i < ever.size(); ++i) ever[i] += times[i];
    phases.insert(windows.window(epoch, 0).first.position);
  }
  EXPECT_THAT(ever, Each(testing::Gt(30)));
  EXPECT_GT(phases.size(), 40U);
}

TEST(TokenWindows, RandomOffsetsAreAFunctionOfSeedEpochAndPosition) {
  const TokenWindows a(1000, 64, 7, WindowSampling::kRandomOffset), b(1000, 64, 8, WindowSampling::kRandomOffset);
  std::set<int64_t> places;
  bool differs = false;
  for (int64_t w = 0; w < a.size(); ++w) {
    const TokenWindow window = a.window(3, w);
    EXPECT_EQ(window.first.position, a.window(3, w).first.position);
    EXPECT_LE(window.first.position + 64, 999);
    places.insert(window.first.position);
    differs = differs || window.first.position != b.window(3, w).first.position;
  }
  EXPECT_TRUE(differs);
  EXPECT_GT(places.size(), 10U);
}

TEST(TokenWindows, ReadsInputsAndTheTokensBehindThem) {
  TestFolder folder;
  const auto stream = open_tokens(folder.put("a.txt", "abcdefghijk"), "train", {.unit = TextUnit::kByte});  // 9 bytes
  ASSERT_EQ(stream->size(), 9);
  const TokenWindows windows(stream->size(), 4, 0, WindowSampling::kEpoch);
  std::vector<int32_t> in(4), out(4);
  for (uint64_t epoch = 0; epoch < 30; ++epoch) {
    for (int64_t w = 0; w < windows.size(); ++w) {
      windows.read(*stream, windows.window(epoch, w), in, out);
      for (size_t i = 0; i < 4; ++i) EXPECT_EQ(out[i], in[i] + 1);
    }
  }
  EXPECT_THAT(error_of([] { TokenWindows(10, 10, 0, WindowSampling::kEpoch); }),
              HasSubstr("windows that fit into 10 tokens"));
}

// Lengths of documents as those of web text are: a log-normal distribution.
std::vector<int64_t> document_lengths(size_t count, double median, double spread) {
  RandomStream random(1, operation("test.lengths"), 0, 0);
  std::vector<int64_t> lengths(count);
  for (int64_t& length : lengths) length = 1 + static_cast<int64_t>(median * std::exp(spread * random.normal()));
  return lengths;
}

TEST(PackDocuments, EveryTokenOnceAndLittleWaste) {
  for (int64_t capacity : {512, 1024, 2048, 8192}) {
    for (double spread : {0.8, 1.0, 1.4}) {
      const std::vector<int64_t> lengths = document_lengths(20'000, 350, spread);
      const PackedRows packed = pack_documents(lengths, capacity);
      std::vector<int64_t> seen(lengths.size());
      std::map<int64_t, int64_t> next;
      for (int64_t r = 0; r < packed.rows(); ++r) {
        int64_t filled = 0;
        for (const PackedPiece& piece : packed.row(r)) {
          filled += piece.length;
          seen[static_cast<size_t>(piece.document)] += piece.length;
          EXPECT_LE(piece.begin + piece.length, lengths[static_cast<size_t>(piece.document)]);
        }
        EXPECT_LE(filled, capacity);
      }
      EXPECT_EQ(seen, lengths);
      EXPECT_LT(packed.waste(), 0.01) << capacity << " " << spread;
    }
  }
}

TEST(PackDocuments, SegmentsAndSplits) {
  const std::vector<int64_t> lengths{3, 12, 0, 2, 5};
  const PackedRows packed = pack_documents(lengths, 5);
  EXPECT_EQ(packed.rows(), 5);  // 5 + 5 of the second, the last, 3 + 2, and 2 of the second
  EXPECT_EQ(packed.tokens(), 22);
  EXPECT_NEAR(packed.waste(), 3.0 / 25, 1e-12);
  std::vector<int32_t> segments(5);
  packed.segments(3, segments);
  EXPECT_THAT(segments, ElementsAre(0, 0, 0, 1, 1));
  packed.segments(4, segments);
  EXPECT_THAT(segments, ElementsAre(0, 0, -1, -1, -1));
  EXPECT_THAT(error_of([&] { pack_documents(std::vector<int64_t>{-1}, 5); }), HasSubstr("-1 of document 0"));
  EXPECT_EQ(pack_documents({}, 5).rows(), 0);
}

TEST(BucketByLength, BatchesOfSimilarLength) {
  const std::vector<int64_t> lengths = document_lengths(5'000, 100, 0.8);
  const Buckets buckets = bucket_by_length(lengths, {.batch = 32, .tokens = 0, .window = 0, .seed = 1, .epoch = 2});
  std::set<int64_t> seen;
  for (const auto& batch : buckets.batches) {
    EXPECT_LE(batch.size(), 32U);
    seen.insert(batch.begin(), batch.end());
  }
  EXPECT_EQ(seen.size(), lengths.size());
  EXPECT_LT(buckets.padding, 0.05);  // 0.7 without sorting
  const Buckets narrow = bucket_by_length(lengths, {.batch = 32, .tokens = 0, .window = 320, .seed = 1, .epoch = 2});
  EXPECT_LT(narrow.padding, 0.4);
  EXPECT_GT(narrow.padding, buckets.padding);
}

TEST(BucketByLength, IsAFunctionOfSeedAndEpoch) {
  const std::vector<int64_t> lengths = document_lengths(500, 100, 0.8);
  const BucketOptions options{.batch = 0, .tokens = 4000, .window = 200, .seed = 1, .epoch = 2};
  const Buckets buckets = bucket_by_length(lengths, options);
  EXPECT_EQ(buckets.batches, bucket_by_length(lengths, options).batches);
  BucketOptions other = options;
  other.epoch = 3;
  EXPECT_NE(buckets.batches, bucket_by_length(lengths, other).batches);
  for (const auto& batch : buckets.batches) {
    int64_t longest = 0;
    for (int64_t sample : batch) longest = std::max(longest, lengths[static_cast<size_t>(sample)]);
    EXPECT_LE(longest * static_cast<int64_t>(batch.size()), 4000);
  }
  EXPECT_THAT(error_of([&] { bucket_by_length(lengths, {.batch = 0, .tokens = 10}); }), HasSubstr("room for sample"));
}

std::vector<int32_t> all_of(const SyntheticTokens& wanted) {
  std::vector<int32_t> tokens(static_cast<size_t>(wanted.count));
  synthetic_tokens(wanted)->read(0, tokens);
  return tokens;
}

TEST(SyntheticTokens, FollowOneRuleInAllParts) {
  const SyntheticTokens wanted{5000, 7, 0.25, 3, 0};
  const std::vector<int32_t> train = all_of(wanted), test = all_of({5000, 7, 0.25, 3, 1});
  EXPECT_NE(train, test);
  EXPECT_EQ(train, all_of(wanted)) << "a function of its settings";
  // What most often follows a pair in one part, follows it in the other.
  std::map<std::pair<int32_t, int32_t>, std::map<int32_t, int>> after;
  for (size_t i = 2; i < train.size(); ++i) ++after[{train[i - 2], train[i - 1]}][train[i]];
  int right = 0;
  for (size_t i = 2; i < test.size(); ++i) {
    const auto& next = after[{test[i - 2], test[i - 1]}];
    const auto best = std::max_element(next.begin(), next.end(), [](auto& a, auto& b) { return a.second < b.second; });
    right += best != next.end() && best->first == test[i] ? 1 : 0;
  }
  EXPECT_NEAR(right / 4998.0, 0.75 + 0.25 / 7, 0.03);
}

TEST(SyntheticTokens, ReadsFromAnyPlace) {
  const SyntheticTokens wanted{100, 5, 0.5, 1, 0};
  const std::vector<int32_t> whole = all_of(wanted);
  std::vector<int32_t> some(10);
  synthetic_tokens(wanted)->read(40, some);
  EXPECT_TRUE(std::equal(some.begin(), some.end(), whole.begin() + 40));
}

}  // namespace
}  // namespace hasten
