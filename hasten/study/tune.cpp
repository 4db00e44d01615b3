// Running a search: rung by rung, the recipes in turns, and what came of it.
#include "hasten/study/tune.h"

#include <algorithm>
#include <map>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/cost.h"
#include "hasten/evaluate/price.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/evaluate/search_range.h"
#include "hasten/spec/plan.h"
#include "hasten/study/study_directory.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

// A run of the search, and whose it is.
struct TuneRun {
  size_t side = 0;
  int64_t trial = 0;
  size_t rung = 0;
  RunRequest request;
};

RungResult read_result(const fs::path& directory) {
  RungResult result{directory, evaluate::Status::kError, std::nullopt};
  if (!evaluate::is_run(directory)) return result;
  const evaluate::Run run = evaluate::read_run(directory);
  result.status = run.record.status;
  if (result.status == evaluate::Status::kOk) result.quality = evaluate::quality(run, run.record.metric);
  return result;
}

// Writes tune.json, or takes from it how the search that goes on is named.
OpenStudy open_search(TunePlan& plan) {
  OpenStudy study =
      open_study({plan.options.out, "tune.json", "a search", plan.options.resume}, {{"version", 1},
                                                                                    {"started_at", plan.started_at},
                                                                                    {"command", plan.options.command},
                                                                                    {"definition", plan.definition()}});
  plan.started_at = study.document.at("started_at").get<std::string>();
  return study;
}

// All sides at one rung, trial by trial and in turns, so that no recipe always goes first.
std::vector<TuneRun> runs_of_rung(const TunePlan& plan, const std::vector<std::vector<int64_t>>& climbing,
                                  size_t rung) {
  std::vector<TuneRun> runs;
  for (size_t place = 0; place < climbing.front().size(); ++place) {
    for (size_t i = 0; i < plan.sides.size(); ++i) {
      const size_t side = (i + place) % plan.sides.size();
      const int64_t trial = climbing[side][place];
      runs.push_back({side, trial, rung, trial_run(plan, side, trial, rung)});
    }
  }
  return runs;
}

using Results = std::map<std::pair<size_t, int64_t>, TrialResult>;  // by side and trial

std::vector<int64_t> ranked_at(const Results& results, const TunePlan& plan, size_t side, size_t rung) {
  std::vector<TrialQuality> qualities;
  for (const auto& [key, trial] : results) {
    if (key.first == side && trial.rungs.size() > rung) qualities.push_back({key.second, trial.rungs[rung].quality});
  }
  return ranked(std::move(qualities), plan.sides[side].recipe.metric.higher_is_better());
}

// By the rung reached, then by quality there.
std::vector<TrialResult> in_order(const Results& results, const TunePlan& plan, size_t side) {
  std::vector<TrialResult> order;
  for (size_t rung = plan.rungs.size(); rung-- > 0;) {
    for (int64_t trial : ranked_at(results, plan, side, rung)) {
      const TrialResult& result = results.at({side, trial});
      if (result.rungs.size() == rung + 1) order.push_back(result);
    }
  }
  return order;
}

SearchCost cost_of(const TunePlan& plan, const std::vector<TrialResult>& trials) {
  SearchCost cost;
  cost.joules = cost.usd = 0;
  auto add = [](std::optional<double>& sum, std::optional<double> value) {
    sum = sum && value ? std::optional(*sum + *value) : std::nullopt;
  };
  for (const TrialResult& trial : trials) {
    for (size_t rung = 0; rung < trial.rungs.size(); ++rung) {
      const RungResult& result = trial.rungs[rung];
      if (!evaluate::is_run(result.run)) continue;
      // As many as ran beside each other: a rung waits for the one before it.
      const auto share = static_cast<double>(
          std::min(plan.options.jobs, plan.rungs[rung].trials * static_cast<int64_t>(plan.sides.size())));
      const evaluate::RunRecord record = evaluate::read_run(result.run).record;
      ++cost.runs;
      cost.seconds += record.executed.total_s.value_or(0) / share;
      cost.flops += record.executed.flops.value_or(0);
      std::optional<double> joules = record.executed.joules, usd = evaluate::usd(record);
      add(cost.joules, joules ? std::optional(*joules / share) : std::nullopt);
      add(cost.usd, usd ? std::optional(*usd / share) : std::nullopt);
    }
  }
  return cost;
}

std::vector<std::string> edges_of(const TuneSide& side, const TrialSettings& settings) {
  std::vector<std::string> edges;
  const std::vector<evaluate::SearchRange> ranges = evaluate::search_ranges(side.space);
  for (size_t d = 0; d < side.space.size(); ++d) {
    const Json value = Json::parse(settings[d].substr(settings[d].find('=') + 1));
    std::optional<double> amount = amount_of(side.space[d], value);
    if (!amount) continue;
    if (auto edge = evaluate::at_edge(ranges[d], *amount))
      edges.push_back(
          cat(side.space[d].path, " = ", value.is_string() ? value.get<std::string>() : value.dump(), " is ", *edge));
  }
  return edges;
}

SideResult conclude(const TunePlan& plan, size_t index, const Results& results) {
  const TuneSide& side = plan.sides[index];
  SideResult out;
  out.trials = in_order(results, plan, index);
  out.cost = cost_of(plan, out.trials);
  const TrialResult& best = out.trials.front();
  out.found = best.rungs.back().quality.has_value();
  if (!out.found) return out;
  out.edges = edges_of(side, plan.trial(index, best.trial).settings);
  out.recipe = plan.options.out / (side.recipe.name + "-tuned.toml");
  write_file_atomic(out.recipe, tuned_recipe_text(plan, index, out));
  return out;
}

}  // namespace

TuneResult run_tune(TunePlan& plan, const RunLauncher& launch, const std::function<void(const TuneProgress&)>& report) {
  const OpenStudy study = open_search(plan);
  TuneResult result;
  Results results;
  std::vector<std::vector<int64_t>> climbing(plan.sides.size());
  for (auto& trials : climbing) {
    for (int64_t trial = 1; trial <= plan.options.trials; ++trial) trials.push_back(trial);
  }
  size_t ended = 0, count = 0;
  for (const Rung& rung : plan.rungs) count += static_cast<size_t>(rung.trials) * plan.sides.size();
  for (size_t rung = 0; rung < plan.rungs.size(); ++rung) {
    for (size_t side = 0; rung > 0 && side < climbing.size(); ++side) {
      climbing[side] = ranked_at(results, plan, side, rung - 1);
      climbing[side].resize(static_cast<size_t>(plan.rungs[rung].trials));
      std::sort(climbing[side].begin(), climbing[side].end());
    }
    std::vector<TuneRun> runs = runs_of_rung(plan, climbing, rung);
    std::vector<RunRequest> requests;
    std::vector<size_t> waiting;  // of `runs`
    for (size_t i = 0; i < runs.size(); ++i) {
      if (is_finished_run(runs[i].request.out)) {
        ++ended;
        continue;
      }
      waiting.push_back(i);
      requests.push_back(runs[i].request);
    }
    std::vector<RunEnd> ends = run_all(requests, launch, plan.options.jobs, [&](size_t index, RunEnd end) {
      const TuneRun& run = runs[waiting[index]];
      if (end != RunEnd::kInterrupted)
        report({run.side, run.trial, run.rung, read_result(run.request.out), ++ended, count});
    });
    result.failed += std::count(ends.begin(), ends.end(), RunEnd::kFailed);
    for (const RunEnd& end : ends) result.exit_code = joint_exit_code(result.exit_code, end.exit_code);
    if (std::count(ends.begin(), ends.end(), RunEnd::kInterrupted) > 0) {
      result.interrupted = true;
      return result;
    }
    for (const TuneRun& run : runs) {
      TrialResult& trial = results[{run.side, run.trial}];
      trial.trial = run.trial;
      trial.rungs.push_back(read_result(run.request.out));
    }
  }
  for (size_t side = 0; side < plan.sides.size(); ++side) result.sides.push_back(conclude(plan, side, results));
  return result;
}

}  // namespace hasten
