// A written claim about a comparison, checked against the logs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hasten/evaluate/cost.h"

namespace hasten::evaluate {

struct Claim {
  std::string id, statement;
  std::string workload, metric, baseline, method;  // metric as "test/accuracy"; groups
  std::optional<double> target;
  Cost cost = Cost::kTrainSeconds;        // what the claim counts
  bool says_cost = false;                 // false: the claim leaves it to the command line
  std::optional<double> speedup;          // as a factor; a reduction of 0.28 is stored as 1 / 0.72
  std::optional<double> quality;          // a reported quality of the method
  std::string hardware;
  std::string declared_at;                // ISO 8601: when target and metric were fixed
  std::optional<double> alpha;
  std::optional<double> price_usd;
  std::string price_source, price_date;
  int64_t hypotheses = 1;                 // methods and targets that were tried
  bool corrected = false;                 // p values adjusted for that
  bool neutral = false;                   // the change claims to leave the mathematics alone
  std::optional<bool> tuning_included;    // whether the factor counts the search
};

}  // namespace hasten::evaluate
