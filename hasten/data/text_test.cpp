// Batches of text: what an epoch and an evaluation cover.
#include "hasten/data/text.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "hasten/base/text.h"
#include "hasten/loader/formats/test_files.h"

namespace hasten {
namespace {

// 1003 tokens as a file of 16-bit numbers: token i is i.
class TextSamplesTest : public ::testing::Test {
 protected:
  static constexpr int64_t kTokens = 1003, kContext = 10;
  TextSamplesTest() {
    std::string bytes;
    for (int i = 0; i < kTokens; ++i) bytes += {static_cast<char>(i & 255), static_cast<char>(i >> 8)};
    TokenOptions options;
    options.bytes_per_token = 2;
    all_ = {open_tokens(folder_.put("tokens.bin", bytes), "", options), 0, kTokens};
  }
  TextSamples samples(WindowSampling sampling, bool held_out = false) const {
    return {all_, kContext, sampling, held_out};
  }

  TestFolder folder_;
  TextPart all_;
};

std::vector<int64_t> values(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.reshape({-1});
  return {flat.const_data_ptr<int64_t>(), flat.const_data_ptr<int64_t>() + flat.numel()};
}

TEST_F(TextSamplesTest, AnEpochHasEveryTokenOnceAsATargetButTheRemainder) {
  TextSamples data = samples(WindowSampling::kEpoch);
  ASSERT_EQ(data.size(), 100);
  EXPECT_EQ(data.targets(), 1000);
  Sampler sampler(data.size(), 5);
  std::vector<std::vector<int64_t>> epochs;
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::map<int64_t, int> targets;
    epochs.emplace_back();
    for (int step = 0; step < 4; ++step) {
      const std::vector<int64_t> ids = sampler.next(25).ids;
      const Batch batch = data.training(ids, sampler, 5, {});
      EXPECT_EQ(batch.inputs.sizes(), (at::IntArrayRef{25, kContext}));
      EXPECT_TRUE(at::equal(batch.labels, batch.inputs.add(1))) << "a target is the token behind its input";
      for (int64_t label : values(batch.labels)) ++targets[label];
      const std::vector<int64_t> inputs = values(batch.inputs);
      epochs.back().insert(epochs.back().end(), inputs.begin(), inputs.end());
    }
    EXPECT_EQ(targets.size(), 1000U);
    for (const auto& [token, times] : targets) EXPECT_EQ(times, 1) << token;
  }
  EXPECT_NE(epochs[0], epochs[1]) << "another place and order in each epoch";
}

TEST_F(TextSamplesTest, RandomOffsetsAreDrawnAnewAndStayInTheText) {
  TextSamples data = samples(WindowSampling::kRandomOffset);
  Sampler sampler(data.size(), 5);
  const Batch first = data.training(sampler.next(100).ids, sampler, 5, {});
  EXPECT_TRUE(at::equal(first.labels, first.inputs.add(1)));
  std::vector<int64_t> starts = values(first.inputs.select(1, 0).contiguous());
  std::sort(starts.begin(), starts.end());
  EXPECT_NE(std::adjacent_find(starts.begin(), starts.end(), [](int64_t a, int64_t b) { return b - a < kContext; }),
            starts.end())
      << "with replacement, some overlap";
  EXPECT_LE(starts.back() + kContext, kTokens - 1);
}

TEST_F(TextSamplesTest, HeldOutTextIsCoveredToItsEndEachTargetOnce) {
  TextSamples data = samples(WindowSampling::kEpoch, true);
  ASSERT_EQ(data.size(), 101);
  EXPECT_EQ(data.targets(), kTokens - 1);
  std::vector<int64_t> ids(101), targets;
  std::iota(ids.begin(), ids.end(), 0);
  const Batch batch = data.plain(ids, {});
  for (int64_t label : values(batch.labels)) {
    if (label != -100) targets.push_back(label);
  }
  std::vector<int64_t> expected(kTokens - 1);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(targets, expected);
  EXPECT_EQ(batch.labels.select(0, 100).eq(-100).sum().item<int64_t>(), 8) << "the last sample repeats inputs only";
}

TEST_F(TextSamplesTest, ValidationIsTheEndAndSharesNoTargetWithTraining) {
  Dataset train("text", Split::kTrain, std::make_shared<TextSamples>(samples(WindowSampling::kEpoch)), kTokens);
  const Dataset validation = train.hold_out(7, Split::kValidation);
  EXPECT_EQ(train.size(), 93);
  EXPECT_EQ(validation.size(), 7);
  EXPECT_EQ(validation.targets(), 70);
  const auto all = [](const Dataset& data) {
    std::vector<int64_t> ids(static_cast<size_t>(data.size()));
    std::iota(ids.begin(), ids.end(), 0);
    return data.gather(ids);
  };
  EXPECT_EQ(all(validation).labels.min().item<int64_t>(), kTokens - 70);
  EXPECT_EQ(all(validation).labels.max().item<int64_t>(), kTokens - 1);
  // Whatever the place where an epoch begins, training never reads a validation target.
  Sampler sampler(train.size(), 1);
  for (int epoch = 0; epoch < 20; ++epoch) {
    const std::vector<int64_t> ids = sampler.next(93).ids;
    EXPECT_LT(train.training_batch(ids, sampler, 1).labels.max().item<int64_t>(), kTokens - 70);
  }
}

TEST_F(TextSamplesTest, TheHashNamesContentPlaceAndLength) {
  const uint64_t hash = samples(WindowSampling::kEpoch).content_hash();
  EXPECT_EQ(hash, samples(WindowSampling::kRandomOffset).content_hash());
  TextPart moved = all_;
  moved.begin = 1;
  moved.tokens -= 1;
  EXPECT_NE(hash, TextSamples(moved, kContext, WindowSampling::kEpoch, false).content_hash());
  EXPECT_NE(hash, TextSamples(all_, kContext + 1, WindowSampling::kEpoch, false).content_hash());
}

}  // namespace
}  // namespace hasten
