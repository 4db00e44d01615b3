// One verdict from the measurements, with its confidence, or a refusal.
#pragma once

#include <string>
#include <vector>

#include "hasten/diagnose/decide.h"

namespace hasten::diagnose {

struct Range {
  double low = 0, high = 0;
};

// dT / d delay of a part: near 1 where a delay is felt in full, near 0 where it hides.
struct Sensitivity {
  std::string_view part;  // "fetch", "preparation", "computation"
  double value = 0;
  Range interval;
};

struct Diagnosis {
  explicit Diagnosis(const Measurements& measurements)
      : times(measurements),
        model(times, measurements.facts, measurements.delay_s),
        files_in_memory(reads_memory(measurements)) {}

  bool decided = false;
  std::string refusal;             // why not
  std::vector<Finding> findings;   // the primary one first
  double confidence = 0;  // share of resamples of the rounds that name the same primary limit, less others' load
  double margin = 0;  // its share less that of the next overhead or wait
  Range share, s_max;  // of the primary, 95%
  double hidden = 0;  // share of T0 that may be waited for, unseen for noise
  std::vector<Sensitivity> sensitivities;
  std::string named_by_resamples;  // which limits they name how often, where they disagree
  std::vector<std::string> warnings;  // what makes the numbers less certain
  Times times;
  Tolerances tolerances = least_tolerances();
  StageModel model;
  bool files_in_memory = false;  // already, so that reading is no storage's

  const Finding& primary() const { return findings.front(); }
};

struct JudgeOptions {
  int64_t draws = 400;
  double least_confidence = 0.8;
  size_t least_rounds = 3;
  double most_others = 0.25;  // of the processors, used by others
};
Diagnosis diagnose(const Measurements& measurements, const JudgeOptions& options = {});

}  // namespace hasten::diagnose
