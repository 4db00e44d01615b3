// L05: the same run counted twice, or runs without a seed.
#include <tuple>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint seeds_not_independent() {
  return {"L05",
          "seeds-not-independent",
          Severity::kError,
          "Two runs with the same seed and settings are one observation.",
          "MLPerf logging, seed checker",
          [](const LintInput& input, Check& out) {
            for (const Group& group : input.comparison.groups) {
              std::map<std::tuple<int64_t, std::string, std::string>, std::vector<std::string>> same;
              size_t without = 0;
              auto runs = runs_of(input.comparison, group);
              for (const Run* run : runs) {
                const RunRecord& record = run->record;
                if (!record.seed) {
                  ++without;
                } else {
                  same[{*record.seed, record.recipe_hash, budget_name(record)}].push_back(record.id);
                }
              }
              if (without == runs.size()) {
                out.missing("seed");
              } else if (without > 0) {
                out.fire(group.name, cat(without, " of ", runs.size(), " runs have no seed"));
              }
              for (const auto& [key, ids] : same) {
                if (ids.size() > 1)
                  out.fire(group.name,
                           cat("seed ", std::get<0>(key), " counts ", ids.size(), " times: ", join(ids, ", ")));
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
