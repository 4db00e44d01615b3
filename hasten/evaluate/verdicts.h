// Verdicts on methods as files: one a workload, written by `hasten ablate`, read by everything that shows the catalogue.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/evaluate/ablation.h"

namespace hasten::evaluate {

struct Span {
  double value = 0;
  std::optional<double> low, high;
};

// Of one method on one workload, or of two together. Effects are of the presence of the methods, positive where it is better.
struct MethodVerdict {
  std::vector<std::string> methods, settings;
  std::string against;  // a control, as --with takes it; empty: the baseline
  Change change = Change::kAdded;
  Verdict verdict = Verdict::kUnresolved;
  std::string reason;
  int64_t runs = 0, diverged = 0, failed = 0;
  std::optional<Span> effect;
  std::optional<double> detectable, adjusted_p;
  // Cost without the methods over cost with them: seconds of training, of whole runs, and FLOPs.
  std::optional<Span> seconds, total_seconds, flops;
  std::optional<Span> beyond_sum;  // of two methods
  std::optional<Sum> sum;
  std::optional<double> sum_adjusted_p;
  std::vector<std::string> run_ids;
};

struct MethodLeftAside {
  std::string method, reason;
};

// What a check of the comparison found.
struct VerdictLint {
  std::string id, word;  // "L04", "error"
  std::string text;  // "single-seed: 2 runs, expected at least 3 (baseline, with-cutout)"
};

// What an ablation found, and where.
struct VerdictFile {
  int version = 1;
  std::string workload, metric, recipe, recipe_hash, budget, cpu, accelerator, commit, date, command;
  Direction direction = Direction::kMaximize;
  int64_t seeds = 0, max_seeds = 0, jobs = 1,
          threads = 1;  // of each side; max_seeds: where more of them would decide, or 0
  double margin = 0, confidence = kConfidence;  // of each look
  std::optional<double> baseline_mean, baseline_sd;
  std::optional<double> deviation;  // of runs that differ in their seed alone, over all groups
  std::vector<double> baseline_values;
  std::vector<std::string> baseline_ids;
  std::vector<MethodVerdict> verdicts;
  std::vector<MethodLeftAside> not_applicable;
  std::vector<VerdictLint> lints;  // errors first
  std::string source;  // where it was read, which it does not say itself

  // The chance that an interval misses, over all looks at it.
  double level() const { return 1 - (max_seeds > 0 ? kConfidence : confidence); }

  // The verdict on this method alone against the baseline, or nullptr.
  const MethodVerdict* on(std::string_view method) const;
};

// What the runs of an ablation add to a file whose first line of facts (recipe, budget, command, ...) the caller knows.
void fill_verdicts(VerdictFile& file, const Comparison& comparison, const Ablation& ablation);

Json to_json(const VerdictFile& file);
// Throws DataError for a wrong type or a version newer than this program; `name` is for messages.
VerdictFile verdicts_from_json(const Json& json, const std::string& name);

}  // namespace hasten::evaluate
