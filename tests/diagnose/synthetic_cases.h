// Pipelines whose limit is known, each with a change that is worth something known.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hasten/diagnose/advice.h"
#include "tests/diagnose/synthetic_pipeline.h"

namespace hasten::diagnose {

// A change, as advice sees it, and the pipeline as it is afterwards.
struct SyntheticRemedy {
  std::string change;
  SyntheticCase changed;
  Effect effect;
  std::optional<Experiment> measured;  // the experiment that is this change
  double samples = 1;                  // a step of the changed pipeline has so many times the samples
};

struct KnownCase {
  SyntheticCase made;
  std::vector<Limit> limits;  // that are right, mostly one
  std::optional<SyntheticRemedy> remedy;
  double session_times = 1;  // what varies from step to step takes longer to tell
  std::optional<Limit> beside = std::nullopt;  // that has to be found, too
  double quota_cores = 0;  // of processors, set by the kernel while it runs; 0: none
};

// The first six are those of the reference (1.6), the bursty one at half the times, since its windows need many steps.
std::vector<KnownCase> known_cases();

bool is_right(const KnownCase& known, const Diagnosis& diagnosis);
// Time a sample before over after. Nothing where the stage model does not explain the run and no whole steps were measured.
std::optional<double> predicted_gain(const Diagnosis& diagnosis, const SyntheticRemedy& remedy);
// The same of the two pipelines side by side.
double realised_gain(const KnownCase& known, uint64_t seed, int64_t rounds, double window_s);

}  // namespace hasten::diagnose
