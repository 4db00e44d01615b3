// Every rule on made-up times, and when there is no verdict.
#include "hasten/diagnose/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "hasten/diagnose/diagnosis.h"
#include "hasten/diagnose/test_measurements.h"

namespace hasten::diagnose {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using E = Experiment;
using P = Part;
using test::busy_ms;
using test::measured;
using test::quiet;
using test::quiet_loader;
using test::with;

std::vector<Finding> decided(const Measurements& measurements, const Tolerances& tolerances = least_tolerances()) {
  const Times times(measurements);
  return decide(times, measurements, StageModel(times, measurements.facts), tolerances);
}
std::vector<Finding> decided(const test::StepTimes& times) { return decided(measured(times, quiet_loader())); }
Finding first(const test::StepTimes& times) { return decided(times).front(); }

TEST(DecideTest, ADeviceThatNothingHoldsUpIsTheLimit) {
  const std::vector<Finding> findings = decided(quiet());
  EXPECT_EQ(findings.front().what, Limit::kCompute);
  EXPECT_EQ(findings.size(), 1U);
  EXPECT_NEAR(findings.front().s_max, 2.5, 1e-9) << "steps come no faster than batches, which take 4 ms";
}

TEST(DecideTest, StorageIsWhatASubsetInMemorySaves) {
  const Finding finding =
      first(with(quiet(), {{E::kFull, 16}, {E::kDrain, 16}, {E::kCached, 10}, {E::kHostBatch, 10}}));
  EXPECT_EQ(finding.what, Limit::kFetch);
  EXPECT_NEAR(finding.seconds, 6e-3, 1e-9);
  EXPECT_NEAR(finding.s_max, 1.6, 1e-9);
  EXPECT_THAT(finding.evidence, AllOf(HasSubstr("T0 16.0 ms"), HasSubstr("T4 10.0 ms")));
}

TEST(DecideTest, TheLoadersClocksNameThePartOfPreparation) {
  const test::StepTimes times = with(quiet(), {{E::kFull, 16}, {E::kDrain, 16}});
  EXPECT_EQ(decided(measured(times, busy_ms({{P::kFetch, 1}, {P::kDecode, 12}, {P::kAugment, 3}})))[0].what,
            Limit::kDecode);
  EXPECT_EQ(decided(measured(times, busy_ms({{P::kFetch, 1}, {P::kDecode, 3}, {P::kAugment, 12}})))[0].what,
            Limit::kAugment);
  EXPECT_EQ(decided(measured(times, busy_ms({{P::kFetch, 12}, {P::kDecode, 3}, {P::kAugment, 1}})))[0].what,
            Limit::kFetch)
      << "without R4";
}

TEST(DecideTest, WhatLiesInMemoryIsNotWaitedForByStorage) {
  Measurements reading = measured(with(quiet(), {{E::kFull, 16}, {E::kDrain, 16}}),
                                  busy_ms({{P::kFetch, 12}, {P::kDecode, 3}, {P::kAugment, 1}}));
  reading.left_out[E::kCached] = "the files lie in memory already";
  reading.conditions.resident_at_begin = 1;
  const std::vector<Finding> findings = decided(reading);
  EXPECT_THAT(findings, ElementsAre(Field(&Finding::what, Limit::kRead), Field(&Finding::what, Limit::kCompute)));
  EXPECT_NEAR(findings[0].seconds, 6e-3, 1e-9);
  EXPECT_THAT(findings[0].evidence, HasSubstr("reading and checking them takes 12.0 ms"));
  Measurements decoding = measured(with(quiet(), {{E::kFull, 16}, {E::kDrain, 16}}),
                                   busy_ms({{P::kFetch, 5}, {P::kDecode, 10}, {P::kAugment, 1}}));
  decoding.left_out = reading.left_out;
  decoding.conditions = reading.conditions;
  EXPECT_EQ(decided(decoding)[0].what, Limit::kDecode);
  EXPECT_NEAR(decided(decoding)[0].seconds, 6e-3, 1e-9) << "all of the wait";
}

TEST(DecideTest, WhatNoiseCouldBeIsNotFound) {
  Tolerances noisy = least_tolerances();
  noisy[static_cast<size_t>(E::kCached)] = noisy[static_cast<size_t>(E::kDrain)] = 0.1;
  const Measurements waiting = measured(
      with(quiet(), {{E::kFull, 12}, {E::kDrain, 12}, {E::kCached, 11.4}, {E::kHostBatch, 10}}), quiet_loader());
  EXPECT_THAT(decided(waiting), Contains(Field(&Finding::what, Limit::kFetch)));
  EXPECT_THAT(decided(waiting, noisy), Not(Contains(Field(&Finding::what, Limit::kFetch))));
  EXPECT_EQ(decided(waiting, noisy)[0].what, Limit::kDecode);
  // Either half alone could be noise, the wait of both is none.
  const Measurements halves = measured(
      with(quiet(), {{E::kFull, 12}, {E::kDrain, 12}, {E::kCached, 11.1}, {E::kHostBatch, 10}}), quiet_loader());
  EXPECT_EQ(decided(halves, noisy)[0].what, Limit::kDecode);
  EXPECT_NEAR(decided(halves, noisy)[0].seconds, 2e-3, 1e-9);
  PartSeconds busy = quiet_loader();
  busy[static_cast<size_t>(P::kAssemble)] = 0.6e-3;
  const Measurements assembling = measured(with(quiet(), {{E::kFull, 10.6}}), busy);
  EXPECT_THAT(decided(assembling), Contains(Field(&Finding::what, Limit::kAssemble)));
  EXPECT_THAT(decided(assembling, noisy), Not(Contains(Field(&Finding::what, Limit::kAssemble))));
}

TEST(DecideTest, StorageAndPreparationShareTheWait) {
  const std::vector<Finding> findings = decided(with(quiet(), {{E::kFull, 20}, {E::kDrain, 20}, {E::kCached, 14}}));
  EXPECT_THAT(findings, ElementsAre(Field(&Finding::what, Limit::kFetch), Field(&Finding::what, Limit::kDecode),
                                    Field(&Finding::what, Limit::kCompute)));
  EXPECT_NEAR(findings[0].share, 0.3, 1e-9);
  EXPECT_NEAR(findings[1].share, 0.2, 1e-9);
}

TEST(DecideTest, WhatDeeperReadAheadRemovesIsABurst) {
  const test::StepTimes bursts = with(quiet(), {{E::kFull, 13}, {E::kDrain, 8}, {E::kDeepReadAhead, 10.2}});
  const Finding finding = first(bursts);
  EXPECT_EQ(finding.what, Limit::kBurst);
  EXPECT_NEAR(finding.seconds, 2.8e-3, 1e-9);
  EXPECT_EQ(first(with(bursts, {{E::kDrain, 11}})).what, Limit::kDecode)
      << "too slow on average: more requests at once are what helps";
  Measurements staged = measured(with(bursts, {{E::kDrain, 11}}), busy_ms({{P::kFetch, 6}, {P::kDecode, 7}}));
  staged.facts.chains = {{P::kFetch}, {P::kDecode, P::kAugment}, {P::kCompute}};
  EXPECT_EQ(decided(staged)[0].what, Limit::kBurst) << "stages that block each other drain slowly, too";
  EXPECT_EQ(first(with(bursts, {{E::kDrain, 13}, {E::kDeepReadAhead, 12.2}})).what, Limit::kDecode)
      << "depth gives little: the loader is too slow";
  Tolerances noisy = least_tolerances();
  noisy[static_cast<size_t>(E::kDeepReadAhead)] = 0.4;
  EXPECT_EQ(decided(measured(bursts, quiet_loader()), noisy)[0].what, Limit::kBurst)
      << "a loader that keeps up is waited for because it is late at times, even if it is not sure how much of that "
         "goes";
}

TEST(DecideTest, ChainsThatTakeTurnsAreSerial) {
  const Finding finding = first(with(quiet(), {{E::kFull, 14}}));
  EXPECT_EQ(finding.what, Limit::kSerial);
  EXPECT_NEAR(finding.s_max, 1.4, 1e-9);
  EXPECT_NE(first(with(quiet(), {{E::kFull, 14}, {E::kDelayCompute, 16}, {E::kDelayPrepare, 14}})).what, Limit::kSerial)
      << "a delay in the loader is not felt";
}

TEST(DecideTest, CopiesAssemblyAndTransformsAreOfTheThreadThatTrains) {
  EXPECT_EQ(first(with(quiet(), {{E::kFull, 14}, {E::kHostBatch, 14}, {E::kPageableBatch, 18}})).what,
            Limit::kTransfer);
  PartSeconds busy = quiet_loader();
  busy[static_cast<size_t>(P::kAssemble)] = 3e-3;
  EXPECT_EQ(decided(measured(with(quiet(), {{E::kFull, 13}}), busy))[0].what, Limit::kAssemble);
  std::swap(busy[static_cast<size_t>(P::kAssemble)], busy[static_cast<size_t>(P::kTransform)]);
  EXPECT_EQ(decided(measured(with(quiet(), {{E::kFull, 13}}), busy))[0].what, Limit::kAugment);
}

TEST(DecideTest, WhatOverlapsQueuedWorkIsNotFelt) {
  PartSeconds busy = quiet_loader();
  busy[static_cast<size_t>(P::kAssemble)] = 5e-3;
  EXPECT_THAT(decided(measured(with(quiet(), {{E::kFull, 10.5}}), busy)),
              Contains(AllOf(Field(&Finding::what, Limit::kAssemble), Field(&Finding::seconds, DoubleNear(5e-4, 1e-9)),
                             Field(&Finding::s_max, DoubleNear(1.05, 1e-9)))));
  EXPECT_NEAR(first(with(quiet(), {{E::kFull, 12}, {E::kHostBatch, 14}})).s_max, 1.2, 1e-9);
}

TEST(DecideTest, ALoaderThatSlowsTrainingIsContention) {
  Measurements shared = measured(with(quiet(), {{E::kFull, 14}, {E::kResidentBesideLoader, 14}}), quiet_loader());
  shared.facts.device_is_host = true;
  EXPECT_EQ(decided(shared)[0].what, Limit::kContention);
  EXPECT_NEAR(decided(shared)[0].seconds, 4e-3, 1e-9);
}

TEST(DecideTest, WaitsOfTheHostAreSynchronisation) {
  const Finding finding = first(with(quiet(), {{E::kNoSync, 8}}));
  EXPECT_EQ(finding.what, Limit::kSync);
  EXPECT_NEAR(finding.s_max, 1.25, 1e-9);
  EXPECT_EQ(first(with(quiet(), {{E::kNoSync, 9.8}})).what, Limit::kCompute) << "below the tolerance";
  EXPECT_EQ(first(with(quiet(), {{E::kNoSync, 9.2}})).what, Limit::kCompute) << "found, but small";
}

TEST(DecideTest, SkewTellsStragglersFromWires) {
  Measurements measurements = measured(with(quiet(), {{E::kNoReduction, 6}, {E::kTiny, 4.5}}), quiet_loader());
  EXPECT_EQ(decided(measurements)[0].what, Limit::kCommunication);
  EXPECT_THAT(decided(measurements), Not(Contains(Field(&Finding::what, Limit::kHost))))
      << "what a batch of one takes is the reduction";
  for (Round& round : measurements.rounds) round[E::kResident].skew_s = 3e-3;
  EXPECT_EQ(decided(measurements)[0].what, Limit::kStraggler);
}

TEST(DecideTest, StartingOperatorsIsTheHosts) {
  EXPECT_EQ(first(with(quiet(), {{E::kTiny, 9.5}})).what, Limit::kHost);
  EXPECT_EQ(first(with(quiet(), {{E::kTiny, 3}})).what, Limit::kCompute);
  const Finding graph = first(with(quiet(), {{E::kTiny, 3}, {E::kGraph, 6}}));
  EXPECT_EQ(graph.what, Limit::kHost);
  EXPECT_NEAR(graph.seconds, 4e-3, 1e-9) << "what the graph saves";
}

TEST(DecideTest, ABusyDeviceDoesNotWaitForOperatorsToStart) {
  const auto of = [](double ms, double flops, double bytes) {
    Measurements measurements = measured(with(quiet(), {{E::kTiny, 9.8}, {E::kDrain, 1}}), quiet_loader());
    measurements.profile.emplace();
    measurements.profile->peak_flops_per_s = 1e12;
    measurements.profile->peak_bytes_per_s = 1e11;
    measurements.profile->operators = {{"linear", 1e-3 * ms, flops, bytes}};
    return decided(measurements)[0];
  };
  EXPECT_EQ(of(9.5, 0, 8e8).what, Limit::kBandwidth) << "reading weights takes as long for one sample";
  EXPECT_EQ(of(3, 0, 0).what, Limit::kHost);
  EXPECT_NEAR(of(3, 0, 0).s_max, 10.0 / 3, 1e-9) << "what operators work stays";
  EXPECT_EQ(of(9.5, 1e8, 0).what, Limit::kHost) << "a timer of small operators counts their start";
}

TEST(DecideTest, ALargeUpdateComesBeforeTheDevice) {
  EXPECT_EQ(first(with(quiet(), {{E::kForwardBackward, 7}, {E::kTiny, 3.2}})).what, Limit::kOptimizer);
  EXPECT_EQ(first(with(quiet(), {{E::kForwardBackward, 8.8}})).what, Limit::kCompute);
  Tolerances noisy = least_tolerances();
  noisy[static_cast<size_t>(E::kForwardBackward)] = 0.35;
  EXPECT_EQ(decided(measured(with(quiet(), {{E::kForwardBackward, 7}}), quiet_loader()), noisy)[0].what,
            Limit::kCompute)
      << "which noise could be";
}

TEST(DecideTest, PeaksTellArithmeticMemoryAndLatencyApart) {
  const auto of = [](double math, double memory) {
    Measurements measurements = measured(quiet(), quiet_loader());
    measurements.profile.emplace();
    measurements.profile->peak_flops_per_s = 1e12;
    measurements.profile->peak_bytes_per_s = 1e11;
    measurements.profile->operators = {{"one", 0.01, math * 1e10, memory * 1e9}};
    return decided(measurements)[0];
  };
  EXPECT_EQ(of(0.8, 0.2).what, Limit::kMath);
  EXPECT_NEAR(of(0.8, 0.5).s_max, 2, 1e-9) << "what is left is the memory's";
  EXPECT_EQ(of(0.2, 0.8).what, Limit::kBandwidth);
  EXPECT_EQ(of(0.1, 0.2).what, Limit::kKernelLatency);
}

TEST(DecideTest, FasterArithmeticIsNoFasterThanTheLoader) {
  Measurements measurements = measured(with(quiet(), {{E::kDrain, 9}}), quiet_loader());
  measurements.profile.emplace();
  measurements.profile->peak_flops_per_s = 1e12;
  measurements.profile->peak_bytes_per_s = 1e11;
  measurements.profile->operators = {{"product", 0.01, 8e9, 4e8}};
  EXPECT_EQ(decided(measurements)[0].what, Limit::kMath);
  EXPECT_NEAR(decided(measurements)[0].s_max, 10.0 / 9, 1e-9);
}

TEST(DecideTest, FastMathTellsArithmeticFromMemoryWithoutPeaks) {
  EXPECT_EQ(first(with(quiet(), {{E::kFastMath, 6}, {E::kHalfPrecision, 5}})).what, Limit::kMath);
  EXPECT_EQ(first(with(quiet(), {{E::kFastMath, 10}, {E::kHalfPrecision, 5}})).what, Limit::kBandwidth);
  EXPECT_EQ(first(with(quiet(), {{E::kFastMath, 10}, {E::kHalfPrecision, 10}})).what, Limit::kCompute);
}

TEST(DecideTest, ABatchThatDoesNotFitIsSaidBesideTheDevicesLimitIfItWouldPay) {
  Measurements full = measured(with(quiet(), {{E::kHalfBatch, 7}}), quiet_loader());
  EXPECT_THAT(decided(full), ElementsAre(Field(&Finding::what, Limit::kCompute))) << "it was not tried";
  full.left_out[E::kDoubleBatch] = "out of memory";
  EXPECT_THAT(decided(full),
              ElementsAre(Field(&Finding::what, Limit::kCompute), Field(&Finding::what, Limit::kMemory)));
  Measurements linear = measured(with(quiet(), {{E::kHalfBatch, 5}}), quiet_loader());
  linear.left_out[E::kDoubleBatch] = "out of memory";
  EXPECT_THAT(decided(linear), ElementsAre(Field(&Finding::what, Limit::kCompute))) << "larger batches are no faster";
}

TEST(DecideTest, EquallyLongChainsAreBalanced) {
  EXPECT_EQ(first(with(quiet(), {{E::kDrain, 9.8}})).what, Limit::kBalanced);
  EXPECT_EQ(first(with(quiet(), {{E::kDrain, 9}})).what, Limit::kCompute);
  EXPECT_EQ(first(with(quiet(), {{E::kDrain, 9.8}, {E::kNoSync, 9.4}})).what, Limit::kBalanced);
  EXPECT_EQ(first(with(quiet(), {{E::kDrain, 9.8}, {E::kNoSync, 7}})).what, Limit::kSync) << "one of them can go";
}

TEST(DiagnosisTest, AgreesWithItselfOnQuietRounds) {
  const Diagnosis diagnosis = diagnose(measured(with(quiet(), {{E::kNoSync, 7}}), quiet_loader()));
  EXPECT_TRUE(diagnosis.decided) << diagnosis.refusal;
  EXPECT_EQ(diagnosis.primary().what, Limit::kSync);
  EXPECT_DOUBLE_EQ(diagnosis.confidence, 1);
  EXPECT_NEAR(diagnosis.share.low, diagnosis.share.high, 1e-9);
  EXPECT_TRUE(diagnosis.warnings.empty());
}

TEST(DiagnosisTest, RefusesWhatTheRoundsDisagreeOn) {
  Measurements measurements = measured(quiet(), quiet_loader(), 9);
  for (size_t i = 0; i < 9; ++i) {
    measurements.rounds[i][E::kFull] = test::window_of(i % 2 == 0 ? 10 : 20);
    measurements.rounds[i][E::kDrain].seconds = measurements.rounds[i][E::kFull].seconds;
  }
  const Diagnosis diagnosis = diagnose(measurements);
  EXPECT_FALSE(diagnosis.decided);
  EXPECT_LT(diagnosis.confidence, 0.8);
  EXPECT_THAT(diagnosis.refusal, StartsWith("noise: resampled rounds name "));
}

TEST(DiagnosisTest, NoiseThatMayHideAWaitIsNoProofOfNone) {
  Measurements measurements = measured(quiet(), quiet_loader(), 9);
  constexpr std::array kDisturbed{10.0, 10.0, 14.0, 10.0, 13.5, 10.0, 10.0, 14.0, 13.0};
  for (size_t i = 0; i < 9; ++i) measurements.rounds[i][E::kFull] = test::window_of(kDisturbed[i]);
  const Diagnosis diagnosis = diagnose(measurements);
  EXPECT_FALSE(diagnosis.decided);
  EXPECT_GT(diagnosis.hidden, 0.1);
  EXPECT_THAT(diagnosis.refusal, HasSubstr("of the step may be waited for unseen"));
  EXPECT_NEAR(diagnose(measured(quiet(), quiet_loader())).hidden, 0, 1e-9);
}

TEST(DiagnosisTest, WhatWasMadeOnceIsTrustedAsFarAsOneRoundIs) {
  Measurements measurements = measured(with(quiet(), {{E::kFull, 14}}), quiet_loader(), 6);
  measurements.rounds[0][E::kHostBatch] = test::window_of(14);
  const Diagnosis quietly = diagnose(measurements);
  EXPECT_EQ(quietly.primary().what, Limit::kTransfer);
  EXPECT_DOUBLE_EQ(quietly.confidence, 1) << "resamples without that round know of it, too";
  EXPECT_DOUBLE_EQ(quietly.tolerances[static_cast<size_t>(E::kHostBatch)], kLeastTolerance);
  measurements.rounds[0][E::kResident] = test::window_of(12);
  EXPECT_NEAR(diagnose(measurements).tolerances[static_cast<size_t>(E::kHostBatch)], 0.2, 1e-9);
}

TEST(DiagnosisTest, RefusesTooFewRoundsAndOthersLoad) {
  EXPECT_THAT(diagnose(measured(quiet(), quiet_loader(), 2)).refusal, StartsWith("too short: 2 rounds"));
  Measurements loaded = measured(quiet(), quiet_loader());
  loaded.conditions.others_cores = 1.2;
  const Diagnosis diagnosis = diagnose(loaded);
  EXPECT_THAT(diagnosis.refusal, StartsWith("load from others: they used 30% of the processors"));
  EXPECT_NEAR(diagnosis.confidence, 0.7, 1e-9);
  loaded.conditions.others_cores = 0.4;
  EXPECT_TRUE(diagnose(loaded).decided);
  EXPECT_THAT(diagnose(loaded).warnings, Contains(HasSubstr("others used 10%")));
}

TEST(DiagnosisTest, AThrottledMachineIsTheVerdictWhateverElse) {
  Measurements measurements = measured(with(quiet(), {{E::kNoSync, 7}}), quiet_loader());
  measurements.facts.nominal_mhz = 3000;
  measurements.conditions.clock_mhz = 2500;
  EXPECT_THAT(diagnose(measurements).findings, ElementsAre(Field(&Finding::what, Limit::kThrottled)))
      << "no other ratio is safe";
  measurements.conditions.clock_mhz = 2900;
  EXPECT_EQ(diagnose(measurements).primary().what, Limit::kSync);
  measurements.conditions.throttled_share = 0.2;
  EXPECT_THAT(diagnose(measurements).primary().evidence, HasSubstr("throttled in 20% of the time"));
}

TEST(DiagnosisTest, SensitivitiesAreRisesOverTheDelay) {
  // The delay is 1.5 ms.
  const Diagnosis diagnosis = diagnose(measured(
      with(quiet(), {{E::kDelayFetch, 10}, {E::kDelayPrepare, 10.3}, {E::kDelayCompute, 11.5}}), quiet_loader()));
  ASSERT_EQ(diagnosis.sensitivities.size(), 3U);
  EXPECT_NEAR(diagnosis.sensitivities[0].value, 0, 1e-9);
  EXPECT_NEAR(diagnosis.sensitivities[1].value, 0.2, 1e-9);
  EXPECT_NEAR(diagnosis.sensitivities[2].value, 1, 1e-9);
}

TEST(DiagnosisTest, NoiseWidensTheTolerance) {
  Measurements measurements = measured(with(quiet(), {{E::kNoSync, 9.4}}), quiet_loader());
  EXPECT_DOUBLE_EQ(diagnose(measurements).tolerances[static_cast<size_t>(E::kNoSync)], kLeastTolerance);
  for (size_t i = 0; i < 5; ++i)
    measurements.rounds[i][E::kNoSync] = test::window_of(8.4 + 0.5 * static_cast<double>(i));
  const Diagnosis diagnosis = diagnose(measurements);
  EXPECT_GT(diagnosis.tolerances[static_cast<size_t>(E::kNoSync)], 0.1);
  EXPECT_THAT(diagnosis.findings, Not(Contains(Field(&Finding::what, Limit::kSync))));
}

}  // namespace
}  // namespace hasten::diagnose
