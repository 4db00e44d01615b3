// The list, by id, and helpers.
#include "hasten/evaluate/lints/lints.h"

#include "hasten/base/text.h"

namespace hasten::evaluate::lints {

std::vector<Lint> list() {
  return {baseline_undertuned(), single_seed(),           seeds_not_independent(), not_significant(),
          truncated_schedule(),  tuned_on_test(),         metric_mismatch(),       eval_cadence_mismatch(),
          eval_grid_too_coarse(), different_hardware(),   host_mismatch(),         extrapolation(),
          first_crossing_noise(), survivor_bias()};
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

std::string text_of(const std::optional<double>& value) { return value ? number(*value) : ""; }
std::string text_of(const std::optional<int64_t>& value) { return value ? std::to_string(*value) : ""; }

}  // namespace hasten::evaluate::lints
