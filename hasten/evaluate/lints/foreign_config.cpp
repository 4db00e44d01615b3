// L33: a run carries settings that are not its own.
#include <algorithm>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate::lints {
namespace {

// The names of all settings, without their values.
std::string keys_of(const Json& json, const std::string& path) {
  if (!json.is_object()) return path + "\n";
  std::set<std::string> names;
  for (const auto& [key, value] : json.items()) names.insert(keys_of(value, path + "/" + key));
  return join({names.begin(), names.end()}, "");
}

}  // namespace

Lint foreign_config() {
  return {"L33",
          "foreign-config",
          Severity::kError,
          "Settings outside the declared space, or of another submission, mean that the wrong program was timed.",
          "AlgoPerf v0.5: one trial of NadamP carries the baseline settings",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            for (const Group& group : comparison.groups) {
              std::map<std::string, std::vector<std::string>> by_keys;
              bool known = false;
              for (const Run* run : runs_of(comparison, group)) {
                Json settings = recipe(run->record);
                if (!settings.is_object()) continue;
                known = true;
                by_keys[keys_of(settings, "")].push_back(run->record.id);
                for (const SearchRange& range : run->record.tuning.ranges) {
                  auto value = setting(settings, range.name);
                  if (!value) continue;
                  bool outside = (range.low && *value < *range.low) || (range.high && *value > *range.high) ||
                                 (!range.values.empty() &&
                                  std::find(range.values.begin(), range.values.end(), *value) == range.values.end());
                  if (outside)
                    out.fire(run->record.id,
                             cat(range.name, " = ", number(*value), " lies outside the declared search"));
                }
              }
              if (!known) out.missing("recipe");
              if (by_keys.size() < 2) continue;
              size_t total = 0, most = 0;
              for (const auto& [keys, ids] : by_keys) {
                total += ids.size();
                most = std::max(most, ids.size());
              }
              // Only a clear majority says which settings belong here.
              if (2 * most <= total) {
                out.missing("settings that most runs of " + group.name + " have in common");
                continue;
              }
              for (const auto& [keys, ids] : by_keys) {
                if (ids.size() != most)
                  out.fire(group.name, cat("other settings than the rest of its runs: ", join(ids, ", ")));
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
