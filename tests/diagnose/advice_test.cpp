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
using ::testing::StartsWith;

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
  for (const char* name : {"augmix", "rand_augment", "colour_jitter", "trivial_augment", "mixup", "cutmix", "cutout"})
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

TEST(AdviceTest, AGainWithinTheNoiseOfItsExperimentIsNone) {
  Diagnosis diagnosis =
      diagnose(test::measured(test::with(test::quiet(), {{E::kFewerWorkers, 9.5}}), test::quiet_loader()));
  Candidate fewer;
  fewer.name = "loader.workers=1";
  fewer.measured = E::kFewerWorkers;
  EXPECT_EQ(advise(diagnosis, {fewer}, method_specs()).remedies.size(), 1U);
  diagnosis.tolerances[static_cast<size_t>(E::kFewerWorkers)] = 0.2;
  const Advice noisy = advise(diagnosis, {fewer}, method_specs());
  EXPECT_TRUE(noisy.remedies.empty());
  ASSERT_EQ(noisy.not_here.size(), 1U);
  EXPECT_THAT(noisy.not_here[0].why, HasSubstr("1.05 times faster, which within 20% is not told from no change"));
}

TEST(AdviceTest, MoreLoaderThreadsDoNotRelieveContention) {
  Measurements shared =
      test::measured(test::with(test::quiet(), {{E::kFull, 14}, {E::kResidentBesideLoader, 14}, {E::kDrain, 8}}),
                     test::quiet_loader());
  shared.facts.device_is_host = true;
  const Diagnosis diagnosis = diagnose(shared);
  ASSERT_EQ(diagnosis.primary().what, Limit::kContention);
  Candidate workers;
  workers.name = "loader.workers=4";
  workers.effect.workers = 2;
  const Advice advice = advise(diagnosis, {workers}, method_specs());
  EXPECT_TRUE(advice.remedies.empty());
  ASSERT_EQ(advice.not_here.size(), 1U);
  EXPECT_THAT(advice.not_here[0].why, HasSubstr("the run is contention-bound: at most 1.00 times faster"));
}

TEST(AdviceTest, AThrottledMachineHasNoRemediesAndARefusalMarksThem) {
  Measurements throttled = test::measured(test::quiet(), test::quiet_loader());
  throttled.conditions.throttled_share = 0.2;
  const Advice none = advise(diagnose(throttled), {saves_compute("colout", 0.5)}, method_specs());
  EXPECT_TRUE(none.remedies.empty() && none.not_here.empty() && none.makes_worse.empty());
  EXPECT_FALSE(none.settings.empty());
  const Diagnosis refused = diagnose(test::measured(test::quiet(), test::quiet_loader(), 2));
  ASSERT_FALSE(refused.decided);
  EXPECT_THAT(predict(refused, saves_compute("colout", 0.5)).basis, StartsWith("unsure, since there is no verdict; "));
}

TEST(AdviceTest, WhatDoesNotFitAddsItsSettings) {
  Measurements full = test::measured(test::with(test::quiet(), {{E::kHalfBatch, 7}}), test::quiet_loader());
  full.left_out[E::kDoubleBatch] = "out of memory";
  const Diagnosis diagnosis = diagnose(full);
  ASSERT_EQ(diagnosis.primary().what, Limit::kCompute);
  const Advice advice = advise(diagnosis, {}, method_specs());
  EXPECT_THAT(advice.settings, ::testing::Contains(info(Limit::kMemory).settings[0]));
  const auto checkpointing = std::find_if(advice.makes_worse.begin(), advice.makes_worse.end(),
                                          [](const NoHelp& one) { return one.name == "activation_checkpointing"; });
  ASSERT_NE(checkpointing, advice.makes_worse.end());
  EXPECT_THAT(checkpointing->why, HasSubstr("yet it relieves capacity-bound"));
}

TEST(AdviceTest, WhatRelievesTheLimitWithoutANumberIsNotWeighed) {
  const Diagnosis diagnosis = diagnose(test::measured(test::quiet(), test::quiet_loader()));
  ASSERT_EQ(diagnosis.primary().what, Limit::kCompute);
  const auto specs = method_specs();
  const auto unweighed = [&](const char* name, bool there) {
    Candidate one = saves_compute(name, 0.5);
    one.spec = &*std::find_if(specs.begin(), specs.end(), [&](const MethodSpec& spec) { return spec.name == name; });
    one.there = there;
    if (!there) one.unweighed = "this recipe refuses it";
    return one;
  };
  const Advice advice =
      advise(diagnosis, {unweighed("progressive_resizing", false), unweighed("layer_freezing", true)}, specs);
  EXPECT_TRUE(advice.remedies.empty());
  const auto names = names_of(advice.not_weighed);
  EXPECT_THAT(names, ::testing::Contains("progressive_resizing"));
  EXPECT_THAT(names, ::testing::Not(::testing::Contains("layer_freezing")));
  const auto resizing = std::find(names.begin(), names.end(), "progressive_resizing") - names.begin();
  EXPECT_EQ(advice.not_weighed[static_cast<size_t>(resizing)].why, "this recipe refuses it");
}

// 14 ms of training beside the loader, of which 10 are its own; T0 is longer than the model says.
TEST(AdviceTest, WithoutAModelWhatRelievesTheLimitComesFirst) {
  Measurements shared =
      test::measured(test::with(test::quiet(), {{E::kFull, 15.5}, {E::kResidentBesideLoader, 14}, {E::kDrain, 8}}),
                     test::quiet_loader());
  shared.facts.device_is_host = true;
  const Diagnosis diagnosis = diagnose(shared);
  ASSERT_EQ(diagnosis.primary().what, Limit::kContention);
  ASSERT_FALSE(diagnosis.model.explains());
  Candidate memory;
  memory.name = "loader.residence=memory";
  for (Part part : {Part::kFetch, Part::kDecode, Part::kAugment}) memory.effect[part] = 0;
  const Advice advice = advise(diagnosis, {saves_compute("colout", 0.3), memory}, method_specs());
  ASSERT_EQ(advice.remedies.size(), 2U);
  ASSERT_LT(advice.remedies[0].gain, advice.remedies[1].gain);
  EXPECT_EQ(advice.remedies[0].candidate.name, "loader.residence=memory");
}

TEST(AdviceTest, BoundsAreOfMeasuredTimes) {
  const Diagnosis late = diagnose(test::measured(test::with(test::quiet(), {{E::kDrain, 13}}), test::quiet_loader()));
  ASSERT_FALSE(late.model.explains());
  Candidate decode;
  decode.effect[Part::kDecode] = 0.5;
  EXPECT_NEAR(predict(late, decode).most, 1, 1e-9) << "T0 / T1";
  const Diagnosis copying = diagnose(test::measured(
      test::with(test::quiet(), {{E::kFull, 20}, {E::kHostBatch, 13}, {E::kHalfPrecision, 6}}), test::quiet_loader()));
  ASSERT_FALSE(copying.model.explains());
  Candidate bytes, half;
  bytes.effect[Part::kTransfer] = 0.25;
  half.measured = E::kHalfPrecision;
  EXPECT_NEAR(predict(copying, bytes).most, 20.0 / 17, 1e-9) << "T0 / (T0 - (T2 - T1))";
  EXPECT_NEAR(predict(copying, decode).most, 2, 1e-9);
  EXPECT_NEAR(predict(copying, saves_compute("colout", 0.4)).most, 20.0 / 14, 1e-9) << "0.4 of T1 is left";
  EXPECT_NEAR(predict(copying, half).most, 20.0 / 16, 1e-9);
  EXPECT_TRUE(predict(copying, half).bound_only) << "the experiment is of the resident step";
}

TEST(AdviceTest, AModelThatDoesNotExplainTheRunGivesBoundsOnly) {
  const Diagnosis diagnosis =
      diagnose(test::measured(test::with(test::quiet(), {{E::kFull, 12}}), test::quiet_loader()));
  ASSERT_FALSE(diagnosis.model.explains());
  EXPECT_TRUE(predict(diagnosis, saves_compute("colout", 0.7)).bound_only);
}

}  // namespace
}  // namespace hasten::diagnose
