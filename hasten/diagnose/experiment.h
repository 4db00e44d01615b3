// The experiments: what each changes about a training step, and what it tells. R0 to R15 after DS-Analyzer (Mohan et al.,
// VLDB 2021), Coz (Curtsinger & Berger, SOSP 2015) and common practice; R16 is ours.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace hasten::diagnose {

enum class Experiment : uint8_t {
  kFull,
  kResident,
  kResidentBesideLoader,
  kHostBatch,
  kPageableBatch,
  kDrain,
  kDrainRead,
  kDrainDecode,
  kCached,
  kCold,
  kNoAugment,
  kForward,
  kForwardBackward,
  kHalfBatch,
  kDoubleBatch,
  kHalfPrecision,
  kFastMath,
  kTiny,
  kGraph,
  kNoReduction,
  kNoSync,
  kDelayFetch,
  kDelayPrepare,
  kDelayCompute,
  kDeepReadAhead,
  kFewerWorkers,
  kOneThread,
};
constexpr size_t kExperiments = 27;

// Which question an experiment serves; what does not serve the open one is left out when time is short.
enum class Serves : uint8_t { kVerdict, kInput, kDevice, kPrediction };

struct ExperimentInfo {
  std::string_view id;  // "R1n"
  std::string_view symbol;  // "T1n"
  std::string_view change;  // against R0
  std::string_view tells;
  Serves serves;
};
const ExperimentInfo& info(Experiment experiment);

}  // namespace hasten::diagnose
