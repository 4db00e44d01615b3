// Advice from the real catalogue, on made-up measurements.
#include "hasten/diagnose/advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "hasten/diagnose/test_measurements.h"
#include "hasten/methods/catalogue.h"

namespace hasten::diagnose {
namespace {

using E = Experiment;
using ::testing::HasSubstr;

std::vector<std::string> names_of(const std::vector<NoHelp>& list) {
  std::vector<std::string> names;
  for (const NoHelp& one : list) names.push_back(one.name);
  return names;
}

Candidate saves_compute(const std::string& name, double factor) {
  Candidate candidate;
  candidate.name = name;
  candidate.with = {name};
  candidate.effect[Part::kCompute] = factor;
  return candidate;
}

// 25 ms of decoding beside 10 ms of training.
Diagnosis loader_bound() {
  return diagnose(test::measured(test::with(test::quiet(), {{E::kFull, 25}, {E::kDrain, 25}, {E::kCached, 25}}),
                                 test::busy_ms({{Part::kFetch, 2}, {Part::kDecode, 18}, {Part::kAugment, 5}})));
}

// What Composer's method cards warn of by hand (augmentations, stochastic depth, resizing: "potential CPU bottleneck").
TEST(AdviceTest, ALoaderBoundRunWarnsOfWhatComposersCardsWarnOf) {
  const Diagnosis diagnosis = loader_bound();
  ASSERT_EQ(diagnosis.primary().what, Limit::kDecode);
  const Advice advice = advise(
      diagnosis, {saves_compute("stochastic_depth", 0.8), saves_compute("progressive_resizing", 0.6)}, method_specs());
  const auto worse = names_of(advice.makes_worse);
  for (const char* name : {"augmix", "rand_augment", "colour_jitter", "trivial_augment"})
    EXPECT_THAT(worse, ::testing::Contains(name));
  EXPECT_THAT(names_of(advice.not_here), ::testing::ElementsAre("stochastic_depth", "progressive_resizing"));
  EXPECT_THAT(advice.not_here[0].why, HasSubstr("the run is decode-bound"));
  EXPECT_TRUE(advice.remedies.empty());
}

TEST(AdviceTest, AComputeBoundRunDoesNotWarnOfThem) {
  const Diagnosis diagnosis = diagnose(test::measured(test::quiet(), test::quiet_loader()));
  const Advice advice = advise(diagnosis, {saves_compute("progressive_resizing", 0.6)}, method_specs());
  const auto worse = names_of(advice.makes_worse);
  EXPECT_EQ(std::count(worse.begin(), worse.end(), "augmix"), 0);
  ASSERT_EQ(advice.remedies.size(), 1U);
  EXPECT_NEAR(advice.remedies[0].gain, 10 / 6.0, 0.02);
}

// The loader needs 8 ms beside 10 ms of training: no saving of computation gains more than 1.25.
TEST(AdviceTest, TheNextLimitBoundsTheGainAndIsNamed) {
  const Diagnosis diagnosis =
      diagnose(test::measured(test::with(test::quiet(), {{E::kDrain, 8}}),
                              test::busy_ms({{Part::kFetch, 1}, {Part::kDecode, 1}, {Part::kAugment, 6}})));
  const Advice advice = advise(diagnosis, {saves_compute("progressive_resizing", 0.5)}, method_specs());
  ASSERT_EQ(advice.remedies.size(), 1U);
  EXPECT_NEAR(advice.remedies[0].gain, 1.25, 0.01);
  EXPECT_EQ(advice.remedies[0].next, Limit::kAugment);
}

TEST(AdviceTest, WorkThatMovesIsNotGone) {
  const Diagnosis diagnosis = loader_bound();
  Candidate memory;
  memory.name = "loader.residence=memory";
  for (Part part : {Part::kFetch, Part::kDecode, Part::kAugment}) memory.effect[part] = 0;
  const double without = predict(diagnosis, memory).gain;
  memory.effect.added_s[static_cast<size_t>(Part::kTransform)] = 5e-3;
  const double moved = predict(diagnosis, memory).gain;
  EXPECT_NEAR(without, 2.5, 0.01);
  EXPECT_NEAR(moved, 25 / 15.0, 0.01);
}

TEST(AdviceTest, MeasuredChangesAreTakenAsMeasured) {
  const Diagnosis diagnosis = diagnose(test::measured(
      test::with(test::quiet(), {{E::kDoubleBatch, 12}, {E::kHalfPrecision, 20}}), test::quiet_loader()));
  Candidate batch;
  batch.name = "batch.size=64";
  batch.samples = 2;
  batch.measured = E::kDoubleBatch;
  EXPECT_NEAR(predict(diagnosis, batch).gain, 2 * 10 / 12.0, 0.01);
  Candidate half;
  half.name = "mixed_precision";
  half.measured = E::kHalfPrecision;
  const Advice advice = advise(diagnosis, {batch, half}, method_specs());
  EXPECT_THAT(names_of(advice.not_here), ::testing::ElementsAre("mixed_precision"));
  EXPECT_THAT(advice.not_here[0].why, HasSubstr("tried in R9"));
}

TEST(AdviceTest, AModelThatDoesNotExplainTheRunGivesBoundsOnly) {
  const Diagnosis diagnosis =
      diagnose(test::measured(test::with(test::quiet(), {{E::kFull, 12}}), test::quiet_loader()));
  ASSERT_FALSE(diagnosis.model.explains());
  EXPECT_TRUE(predict(diagnosis, saves_compute("colout", 0.7)).bound_only);
}

}  // namespace
}  // namespace hasten::diagnose
