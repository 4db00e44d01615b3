// The list, by id, and helpers.
#include "hasten/evaluate/lints/lints.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/spec/search_space.h"

namespace hasten::evaluate::lints {
namespace {

// "optimizer.minLR" -> "_optimizer_min_lr_"; the number of "beta1" is left out.
std::string words_of_path(const std::string& path) {
  std::string words = "_";
  bool upper_before = true;
  for (char c : path) {
    auto byte = static_cast<unsigned char>(c);
    bool letter = std::isalpha(byte) != 0, upper = std::isupper(byte) != 0;
    if ((!letter || (upper && !upper_before)) && words.back() != '_') words += '_';
    if (letter) words += static_cast<char>(std::tolower(byte));
    upper_before = upper;
  }
  return words.back() == '_' ? words : words + "_";
}

void collect_named(const Json& json, const std::string& path, const std::vector<std::string>& words,
                   GroupSettings& out) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items())
      collect_named(value, path.empty() ? key : path + "." + key, words, out);
    return;
  }
  if (json.is_null()) return;
  std::string own = words_of_path(path);
  bool named = std::any_of(words.begin(), words.end(),
                           [&](const std::string& word) { return own.find(word) != std::string::npos; });
  if (named) out[path].insert(json.dump());
}

}  // namespace

std::vector<Lint> list() {
  return {baseline_undertuned(),
          optimum_at_edge(),
          asymmetric_hparams(),
          single_seed(),
          seeds_not_independent(),
          not_significant(),
          multiple_testing(),
          truncated_schedule(),
          budget_mismatch_schedule(),
          posthoc_target(),
          target_sensitivity(),
          quality_on_train(),
          tuned_on_test(),
          metric_mismatch(),
          eval_cadence_mismatch(),
          eval_grid_too_coarse(),
          eval_time_inconsistent(),
          compile_warmup(),
          different_hardware(),
          host_mismatch(),
          step_time_outlier(),
          input_bound(),
          unequal_batch_or_data(),
          extra_data_or_teacher(),
          extra_forward(),
          tuning_cost_omitted(),
          flops_only_claim(),
          steps_only_claim(),
          extrapolation(),
          first_crossing_noise(),
          survivor_bias(),
          best_of_n(),
          foreign_config(),
          claim_not_in_log(),
          cross_paper_number(),
          pool_dependent_score(),
          ambiguous_order(),
          inf_handling(),
          cost_table(),
          cyclic_standard_mix(),
          price_undated(),
          convergence_too_good(),
          clock_not_monotone()};
}

std::vector<const Run*> runs_of(const Comparison& comparison, const Group& group) {
  std::vector<const Run*> runs;
  for (size_t i : group.runs) {
    if (comparison.runs[i].record.status != Status::kMissing) runs.push_back(&comparison.runs[i]);
  }
  return runs;
}

std::vector<const Run*> headline_runs(const Comparison& comparison, const Group& group) {
  std::vector<const Run*> runs;
  for (size_t i : group.points[group.headline].runs) runs.push_back(&comparison.runs[i]);
  return runs;
}

bool reads_crossings(const Comparison& comparison) { return comparison.variant != Variant::kPlanned; }

bool target_missed(const Comparison& comparison, const Group& group, double target) {
  for (const Run* run : runs_of(comparison, group)) {
    for (const Reading& reading : readings(*run, comparison.metric)) {
      if (reaches(reading.value, target, comparison.metric.direction)) return false;
    }
  }
  return true;
}

void compare_field(const LintInput& input, Check& out, const std::string& field, const TextField& value) {
  const Comparison& comparison = input.comparison;
  std::map<std::string, std::map<std::string, int64_t>> by_value;  // value -> group -> runs
  for (const Group& group : comparison.groups) {
    bool known = false;
    for (const Run* run : runs_of(comparison, group)) {
      std::string text = value(*run);
      if (text.empty()) continue;
      known = true;
      ++by_value[text][group.name];
    }
    if (!known) out.missing(field);
  }
  if (by_value.size() < 2) return;
  std::vector<std::string> parts;
  for (const auto& [text, groups] : by_value) {
    std::vector<std::string> counts;
    for (const auto& [group, count] : groups) counts.push_back(cat(group, " ", count));
    parts.push_back(cat(text, " (", join(counts, ", "), ")"));
  }
  out.fire(comparison.workload, cat(field, " differs: ", join(parts, "; ")));
}

std::optional<double> setting(const Json& recipe, const std::string& path) {
  const Json* found = setting_at(recipe, path);
  return found != nullptr && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

GroupSettings settings_named(const Comparison& comparison, const Group& group, const std::vector<std::string>& words) {
  GroupSettings settings;
  for (const Run* run : headline_runs(comparison, group)) collect_named(recipe(run->record), "", words, settings);
  return settings;
}

std::vector<double> seconds_per_step(const Run& run) {
  std::vector<double> steps;
  double time_before = 0, step_before = 0;
  bool counts = false;  // what comes before the first timed event holds compilation too
  for (const EventRecord& event : run.events) {
    if (event.kind == "restart") counts = false;
    if (!event.t_train || !event.step) continue;
    auto step = static_cast<double>(*event.step);
    if (counts && step > step_before && *event.t_train > time_before) {
      steps.push_back((*event.t_train - time_before) / (step - step_before));
    }
    time_before = *event.t_train;
    step_before = step;
    counts = true;
  }
  return steps;
}

std::vector<const Pair*> claimed_pairs(const LintInput& input, Check& out) {
  std::vector<const Pair*> pairs;
  if (!input.claim || (!input.claim->quality && !input.claim->speedup)) {
    out.missing("a claim with quality or speedup");
    return pairs;
  }
  for (const Pair& pair : input.comparison.pairs) {
    const std::string& name = input.comparison.groups[pair.method].name;
    if (input.claim->method.empty() || input.claim->method == name) pairs.push_back(&pair);
  }
  return pairs;
}

std::optional<double> claimed_ratio(const LintInput& input, const Pair& pair) {
  if (input.claim->cost == input.comparison.cost && pair.time_to_target) return pair.time_to_target->value;
  if (reads_crossings(input.comparison)) return std::nullopt;  // totals are no costs to the target
  auto found = pair.ratios.find(input.claim->cost);
  bool both = input.comparison.baseline().reaches_target && input.comparison.groups[pair.method].reaches_target;
  if (found == pair.ratios.end() || !both) return std::nullopt;
  return found->second.value;
}

std::optional<double> executed_length(const Run& run, const LengthUnit& unit) {
  if (!unit.logged) return run_cost(run, Cost::kSteps);
  std::optional<double> length = run.record.executed.*unit.executed, first, last;
  bool whole = true;
  for (const EventRecord& event : run.events) {
    const std::optional<double>& at = event.*unit.logged;
    if (!at) continue;
    if (!first) first = at;
    last = at;
    whole = whole && *at == std::floor(*at);
  }
  if (!length) length = last;
  // The line of an epoch stands at its end: where they are counted from 0, one more is done than the last says.
  if (unit.logged == &EventRecord::epoch && length && length == last && *first == 0 && whole) return *length + 1;
  return length;
}

std::string text_of(const std::optional<double>& value) { return value ? number(*value) : ""; }
std::string text_of(const std::optional<int64_t>& value) { return value ? std::to_string(*value) : ""; }

}  // namespace hasten::evaluate::lints
