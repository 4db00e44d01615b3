// Races.
#include "hasten/study/race.h"

#include <set>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/study/study_directory.h"

namespace hasten {
namespace {

void check(const RaceOptions& options) {
  if (options.recipes.size() < 2) {
    throw ConfigError("recipes", "a baseline and at least one other recipe", cat(options.recipes.size(), " recipe"));
  }
  check_seeds(options.seeds);
  for (double factor : options.budgets) {
    if (!(factor > 0)) throw ConfigError("--budgets", "factors above 0", number(factor));
  }
  const Recipe& baseline = options.recipes.front();
  std::set<std::string> names;
  for (const Recipe& recipe : options.recipes) {
    if (!names.insert(recipe.name).second) {
      throw ConfigError("recipe." + recipe.name, "recipes of different names", "'" + recipe.name + "' twice",
                        "set `name` in one of them");
    }
    if (recipe.dataset != baseline.dataset || recipe.metric != baseline.metric || recipe.target != baseline.target) {
      throw ConfigError("recipe." + recipe.name + ".workload", "the data set, metric and target of " + baseline.name,
                        "others", "only recipes for the same workload can race");
    }
  }
}

// What has to be the same when a race goes on. Seeds and budgets are no part of it, since more of them may follow.
Json definition_of(const RaceOptions& options) {
  const std::optional<double>& target = options.recipes.front().target;  // the same for all; no part of the hash
  Json json = {{"baseline", options.recipes.front().name},
               {"target", target ? Json(*target) : Json()},
               {"threads", options.threads},
               {"device", options.device},
               {"price", options.price}};
  for (const Recipe& recipe : options.recipes) json["recipes"][recipe.name] = recipe.hash();
  return json;
}

}  // namespace

std::vector<RunRequest> plan_race(const RaceOptions& options) {
  check(options);
  std::vector<RunRequest> runs;
  size_t turn = 0;
  for (double factor : options.budgets) {
    for (uint64_t seed : options.seeds) {
      for (size_t i = 0; i < options.recipes.size(); ++i) {
        size_t index = (i + turn) % options.recipes.size();
        RunRequest request{.recipe = options.recipes[index],
                           .seed = seed,
                           .out = {},
                           .group = options.recipes[index].name,
                           .role = index == 0 ? evaluate::Role::kBaseline : evaluate::Role::kMethod,
                           .planned_runs = static_cast<int64_t>(options.seeds.size() * options.budgets.size()),
                           .resume = false};
        request.recipe.budget.value *= factor;
        request.out = options.out / request.group / ("budget-" + to_string(request.recipe.budget)) / cat("seed-", seed);
        runs.push_back(std::move(request));
      }
      ++turn;
    }
  }
  return runs;
}

RaceResult run_race(const RaceOptions& options, const RunLauncher& launch,
                    const std::function<void(const RunRequest&, size_t, size_t)>& announce) {
  std::vector<RunRequest> runs = plan_race(options);
  const OpenStudy study =
      open_study({options.out, "race.json", "a race", options.resume},
                 {{"version", 1}, {"command", options.command}, {"definition", definition_of(options)}});
  RaceResult result;
  for (size_t i = 0; i < runs.size(); ++i) {
    RunRequest& request = runs[i];
    if (options.resume && is_finished_run(request.out)) {
      result.runs.push_back(request.out);
      continue;
    }
    request.resume = options.resume && std::filesystem::exists(request.out / "run.json");
    announce(request, i + 1, runs.size());
    RunEnd end = launch(request);
    if (end == RunEnd::kInterrupted) {
      result.interrupted = true;
      return result;
    }
    if (end == RunEnd::kFailed) {
      ++result.failed;
      result.exit_code = joint_exit_code(result.exit_code, end.exit_code);
    } else {
      result.runs.push_back(request.out);
    }
  }
  return result;
}

}  // namespace hasten
