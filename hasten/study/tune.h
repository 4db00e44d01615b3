// Tuning: a search for settings of one or more recipes, with the same number of trials, rungs and budgets for each. Every trial at
// every rung is a run of its own, planned for that rung's budget and judged on a part of the training samples.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/evaluate/record.h"
#include "hasten/study/halving.h"
#include "hasten/study/run_launcher.h"
#include "hasten/study/search_points.h"

namespace hasten {

struct TuneOptions {
  std::vector<std::filesystem::path> recipes;  // the first is the baseline
  std::vector<std::string> set;  // edits of all of them, as of --set
  std::filesystem::path space;
  int64_t trials = 16;  // of each recipe
  Duration budget{1, Unit::kFraction};  // of the last rung; a fraction is one of the recipe's own budget
  Split on = Split::kValidation;
  double reduction = 3;
  int64_t rungs = 0;  // 0: see plan_rungs
  SearchKind search = SearchKind::kSobol;
  uint64_t seed = 0;
  int64_t jobs = 1;  // runs at a time
  int64_t threads = 1;  // of each of them; kept, so that a search that goes on has the same bits
  std::string device, price;  // of all runs; kept, since costs are added up
  std::filesystem::path out;
  bool resume = false;
  std::string command;  // as it was typed, for messages
};

// Settings of one trial, as --set takes them: "optimizer.lr=0.0123".
using TrialSettings = std::vector<std::string>;

struct TuneTrial {
  TrialSettings settings;
  Recipe recipe;  // with them
};

// One recipe of a search. Trials are numbered from 1.
struct TuneSide {
  std::filesystem::path path;
  // What the file says, with the edits, as JSON; read once, since files may change meanwhile. What is held out to judge trials is
  // none of the edits.
  std::string document;
  Recipe recipe;  // as it is, with the edits
  SearchSpace space;
  std::vector<TuneTrial> trials;
  std::string outside;  // why the recipe's own settings are not trial 1: the first that lies outside; or empty
  std::vector<Duration> budgets;  // by rung
  int64_t validation = 0;  // samples held out; 0: judged on the test part
};

struct TunePlan {
  TuneOptions options;
  std::vector<Rung> rungs;
  std::vector<TuneSide> sides;
  std::string started_at;  // names the search; of a resumed one as it was

  const TuneTrial& trial(size_t side, int64_t number) const {
    return sides[side].trials[static_cast<size_t>(number - 1)];
  }
  // What has to be the same when a search goes on.
  Json definition() const;
};

// Plans every trial, so that whatever is wrong shows here. Throws ConfigError. Writes nothing.
TunePlan plan_tune(const TuneOptions& options, const Registry& registry);

// The recipe of a trial at a rung, and its run.
Recipe trial_recipe(const TunePlan& plan, size_t side, int64_t trial, size_t rung);
RunRequest trial_run(const TunePlan& plan, size_t side, int64_t trial, size_t rung);

struct RungResult {
  std::filesystem::path run;
  evaluate::Status status = evaluate::Status::kMissing;
  std::optional<double> quality;
};
struct TrialResult {
  int64_t trial = 0;
  std::vector<RungResult> rungs;  // that it reached
};

// Of all runs of one recipe's search; seconds, joules and dollars are of the machine, so those of runs beside each other are
// shared among them.
struct SearchCost {
  int64_t runs = 0;
  double seconds = 0, flops = 0;
  std::optional<double> joules, usd;
};

struct SideResult {
  std::vector<TrialResult> trials;  // from best to worst
  bool found = false;  // the first of them has a quality
  std::vector<std::string> edges;  // "optimizer.lr = 0.98 is within 5% of the high end of its range"
  SearchCost cost;
  std::filesystem::path recipe;  // NAME-tuned.toml, if found
};

struct TuneResult {
  std::vector<SideResult> sides;  // as in the plan
  int64_t failed = 0;
  int exit_code = 0;  // of runs that failed: see joint_exit_code
  bool interrupted = false;  // then there is nothing else
};

// What has ended: trial and rung of a side, and how many of the runs that are known now have ended.
struct TuneProgress {
  size_t side = 0;
  int64_t trial = 0;
  size_t rung = 0;
  RungResult result;
  size_t ended = 0, count = 0;
};

// Runs the search in plan.options.out, or goes on with it, and writes tune.json and NAME-tuned.toml there. Throws ConfigError when
// the directory holds something else.
TuneResult run_tune(TunePlan& plan, const RunLauncher& launch, const std::function<void(const TuneProgress&)>& report);

// A recipe with the settings of the best trial and a [tuning] section that tells how they were found.
std::string tuned_recipe_text(const TunePlan& plan, size_t side, const SideResult& result);

}  // namespace hasten
