// The decision procedure: from times to what holds the step back, in the order of importance.
#pragma once

#include <string>
#include <vector>

#include "hasten/diagnose/limit.h"
#include "hasten/diagnose/stage_model.h"

namespace hasten::diagnose {

struct Finding {
  Limit what = Limit::kOther;
  double seconds = 0;    // a step that go to it
  double share = 0;      // of T0
  double s_max = 1;      // if it cost nothing and nothing else changed; 0: no bound
  std::string evidence;  // the comparison, with numbers
};

// Tolerances of comparisons with each experiment: max(0.03, twice the relative half width of its interval).
using Tolerances = std::array<double, kExperiments>;
constexpr double kLeastTolerance = 0.03;
constexpr Tolerances least_tolerances() {
  Tolerances out{};
  for (double& value : out) value = kLeastTolerance;
  return out;
}

// Whether the files lie in memory as they are, so that R4 would change nothing: reading is work then, and not storage.
bool reads_memory(const Measurements& measurements);

// The primary finding first. A part that is waited for comes before all others; then an overhead that takes a tenth of
// the step or more, since it can go as a whole, before the device's own work.
std::vector<Finding> decide(const Times& times, const Measurements& measurements, const StageModel& model,
                            const Tolerances& tolerances);

constexpr double kOverheadFirst = 0.1;
constexpr double kBusyDevice = 0.9;  // of T1 in operators: starting them is hidden
constexpr double kLeastUpdateShare = 0.15;
constexpr double kLeastEfficiency = 0.3;
constexpr double kBalancedWithin = 0.05;

}  // namespace hasten::diagnose
