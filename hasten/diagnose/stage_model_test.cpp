// Chains, their sum and their largest.
#include "hasten/diagnose/stage_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hasten/diagnose/test_measurements.h"

namespace hasten::diagnose {
namespace {

using E = Experiment;
using P = Part;
using test::busy_ms;
using test::measured;
using test::quiet;
using test::quiet_loader;
using test::with;

StageModel model_of(const Measurements& measurements) {
  return {Times(measurements), measurements.facts, measurements.delay_s};
}

Effect factor(Part part, double value) {
  Effect effect;
  effect[part] = value;
  return effect;
}

TEST(StageModelTest, TheLargestChainIsTheStep) {
  const StageModel model = model_of(measured(with(quiet(), {{E::kFull, 16}, {E::kDrain, 16}}),
                                             busy_ms({{P::kFetch, 4}, {P::kDecode, 8}, {P::kAugment, 4}})));
  EXPECT_TRUE(model.explains());
  EXPECT_FALSE(model.serial());
  EXPECT_EQ(model.longest_chain(), 0U);
  EXPECT_NEAR(model.gain(factor(P::kDecode, 0.5)), 16.0 / 12, 1e-9);
  EXPECT_NEAR(model.gain(factor(P::kDecode, 0)), 1.6, 1e-9) << "then the device is the largest";
  EXPECT_NEAR(model.gain(factor(P::kCompute, 0.5)), 1, 1e-9) << "hidden behind the loader";
  EXPECT_NEAR(model.gain(factor(P::kCompute, 2)), 0.8, 1e-9);
}

TEST(StageModelTest, TheDrainedPaceScalesTheLoadersClocks) {
  const StageModel model = model_of(measured(with(quiet(), {{E::kDrain, 8}}), quiet_loader()));
  EXPECT_NEAR(model.parts()[static_cast<size_t>(P::kDecode)], 4e-3, 1e-9);
  EXPECT_NEAR(model.chain_s(0), 8e-3, 1e-9);
  const StageModel blind = model_of(measured(with(quiet(), {{E::kDrain, 8}})));
  EXPECT_NEAR(blind.chain_s(0), 8e-3, 1e-9) << "no clocks: the pace alone is known";
}

TEST(StageModelTest, ChainsThatTakeTurnsAddUp) {
  const StageModel model = model_of(measured(with(quiet(), {{E::kFull, 14}}), quiet_loader()));
  EXPECT_TRUE(model.serial());
  EXPECT_TRUE(model.explains());
  EXPECT_NEAR(model.gain(factor(P::kDecode, 0.5)), 14.0 / 13, 1e-9);
  Effect overlap;
  overlap.overlap = 1;
  EXPECT_NEAR(model.gain(overlap), 1.4, 1e-9);
}

TEST(StageModelTest, ChainsOfTheLoaderThatTakeTurnsKeepTheirClocks) {
  Measurements measurements = measured(with(quiet(), {{E::kFull, 17}, {E::kDrain, 7}}),
                                       busy_ms({{P::kFetch, 3}, {P::kDecode, 3}, {P::kAugment, 1}}));
  measurements.facts.chains = {{P::kFetch}, {P::kDecode, P::kAugment}, {P::kCompute}};
  EXPECT_TRUE(model_of(measurements).serial());
  EXPECT_NEAR(model_of(measurements).gain(factor(P::kFetch, 0)), 17.0 / 14, 1e-9);
  for (Round& round : measurements.rounds) round[E::kDrain].seconds *= 4.2 / 7;
  EXPECT_NEAR(model_of(measurements).chain_s(1), 4.2e-3, 1e-9) << "side by side after all, a little slower than said";
}

TEST(StageModelTest, ADelayThatHidesIsNotSerial) {
  const test::StepTimes times = with(quiet(), {{E::kFull, 14}, {E::kDelayPrepare, 14.1}, {E::kDelayCompute, 16}});
  EXPECT_FALSE(model_of(measured(times, quiet_loader())).serial());
  EXPECT_TRUE(model_of(measured(with(times, {{E::kDelayPrepare, 15.9}}), quiet_loader())).serial());
}

TEST(StageModelTest, CopiesAndReductionsBelongToTraining) {
  const StageModel model =
      model_of(measured(with(quiet(), {{E::kFull, 13}, {E::kHostBatch, 13}, {E::kNoReduction, 6}}), quiet_loader()));
  EXPECT_TRUE(model.explains());
  EXPECT_NEAR(model.gain(factor(P::kTransfer, 0)), 1.3, 1e-9);
  EXPECT_NEAR(model.gain(factor(P::kReduce, 0.5)), 13.0 / 11, 1e-9);
  EXPECT_NEAR(model.gain(factor(P::kCompute, 0.5)), 1.3, 1e-9);
}

TEST(StageModelTest, CheaperLoadingGivesProcessorsBack) {
  Measurements shared = measured(with(quiet(), {{E::kFull, 12}, {E::kResidentBesideLoader, 12}}), quiet_loader());
  for (const bool device_is_host : {true, false}) {
    shared.facts.device_is_host = device_is_host;
    const StageModel model = model_of(shared);
    EXPECT_TRUE(model.explains());
    EXPECT_NEAR(model.gain(factor(P::kDecode, 0)), 12.0 / 11, 1e-9)
        << "half of the loader's work is gone; a device of its own waits for the host, too";
  }
}

TEST(StageModelTest, WhatLessLoadingIsWorthIsWhatMoreWouldCost) {
  // Four ms of loading cost a step four. A delay of one, a quarter of it, costs half a ms more, an eighth.
  Measurements shared = measured(with(quiet(), {{E::kFull, 14}, {E::kResidentBesideLoader, 14}}), quiet_loader());
  shared.delay_s = 1e-3;
  EXPECT_NEAR(model_of(shared).gain(factor(P::kDecode, 0)), 14.0 / 12, 1e-9) << "not tried: by the share";
  const auto with_rise = [&](double ms) {
    Measurements tried = shared;
    for (Round& round : tried.rounds) round[E::kDelayPrepare] = test::window_of(14 + ms);
    return model_of(tried).gain(factor(P::kDecode, 0));
  };
  EXPECT_NEAR(with_rise(0.5), 14 / (10 + 4 * std::sqrt(0.5)), 1e-9);
  EXPECT_NEAR(with_rise(5), 14.0 / 12, 1e-9) << "no more than the share";
  EXPECT_NEAR(with_rise(-1), 1, 1e-9);
}

TEST(StageModelTest, TheLoaderSlowsTrainingByNoMoreThanTheWholeStepSays) {
  const Measurements noisy = measured(with(quiet(), {{E::kFull, 11}, {E::kResidentBesideLoader, 13}}), quiet_loader());
  EXPECT_TRUE(model_of(noisy).explains());
}

TEST(StageModelTest, MoreLoaderThreadsGiveNoProcessorsBack) {
  Effect twice;
  twice.workers = 2;
  Measurements shared =
      measured(with(quiet(), {{E::kFull, 14}, {E::kResidentBesideLoader, 14}, {E::kDrain, 8}}), quiet_loader());
  shared.facts.device_is_host = true;
  EXPECT_NEAR(model_of(shared).gain(twice), 1, 1e-9) << "the work of the loader stays";
  Measurements slow =
      measured(with(quiet(), {{E::kFull, 20}, {E::kResidentBesideLoader, 12}, {E::kDrain, 20}}), quiet_loader());
  for (const bool device_is_host : {true, false}) {
    slow.facts.device_is_host = device_is_host;
    EXPECT_NEAR(model_of(slow).gain(twice), 20 / (10 + 2 * 20.0 / 12), 1e-9)
        << "a loader that keeps up works more in each step";
  }
}

TEST(StageModelTest, ALoaderSlowerThanTheWholeStepHasNothingToGive) {
  const StageModel model = model_of(measured(with(quiet(), {{E::kDrain, 13}}), quiet_loader()));
  EXPECT_FALSE(model.explains());
  EXPECT_NEAR(model.gain(factor(P::kDecode, 0.5)), 1, 1e-9) << "T0 is T1 already";
}

TEST(StageModelTest, SaysWhenItDoesNotExplainTheRun) {
  const StageModel model = model_of(measured(with(quiet(), {{E::kFull, 12}}), quiet_loader()));
  EXPECT_FALSE(model.explains());
  EXPECT_NEAR(model.error(), 2.0 / 12, 1e-9);
  EXPECT_NEAR(model.gain(factor(P::kCompute, 0.5)), 12.0 / 7, 1e-9) << "what it does not explain stays";
}

TEST(StageModelTest, WithoutExperimentsTheStepIsOnePart) {
  const StageModel model = model_of(measured({{E::kFull, 10}}));
  EXPECT_TRUE(model.explains());
  EXPECT_NEAR(model.gain(factor(P::kCompute, 0.5)), 2, 1e-9);
}

}  // namespace
}  // namespace hasten::diagnose
