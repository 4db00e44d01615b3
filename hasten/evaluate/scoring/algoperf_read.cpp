// Reading a board: targets, evaluations, times to target.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/cost.h"
#include "hasten/evaluate/importers/algoperf_tree.h"
#include "hasten/evaluate/importers/csv.h"
#include "hasten/evaluate/scoring/algoperf.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;
constexpr double kInf = std::numeric_limits<double>::infinity();

// First evaluation of a trial that reaches the target.
struct Hit1 {
  size_t index = 0;
  double low = 0, high = 0;
  std::string trial;
};

std::optional<Hit1> first_hit(const AlgoperfTrial& trial, const AlgoperfWorkload& workload) {
  CsvReader csv(trial.path / "eval_measurements.csv");
  auto metric = csv.column(workload.metric), score = csv.column("score");
  if (!score) score = csv.column("accumulated_submission_time");
  if (!metric || !score) {
    throw DataError((trial.path / "eval_measurements.csv").string(), "line 1",
                    "no column " + (metric ? std::string("score") : workload.metric));
  }
  std::vector<std::string_view> cells;
  double before = 0;
  for (size_t index = 0; csv.next(cells); ++index) {
    double value = parse_number(cells[*metric]).value_or(std::nan(""));
    double time = parse_number(cells[*score]).value_or(std::nan(""));
    if (reaches(value, workload.target, workload.direction))
      return Hit1{index, before, time, trial.path.filename().string()};
    if (time > before) before = time;
  }
  return std::nullopt;
}

StudyTime missed(const std::string& study) { return {study, kInf, kInf, false, ""}; }
StudyTime taken(const std::string& study, const Hit1& hit, bool tied) {
  return {study, hit.low, hit.high, tied, hit.trial};
}

struct StudyTimes {
  StudyTime index, min_time, first, most;
};

// `hits` in the order of the trials' names.
StudyTimes times_of(const std::string& study, const std::vector<Hit1>& hits) {
  if (hits.empty()) return {missed(study), missed(study), missed(study), missed(study)};
  auto earliest =
      std::min_element(hits.begin(), hits.end(), [](const Hit1& a, const Hit1& b) { return a.index < b.index; });
  auto quickest =
      std::min_element(hits.begin(), hits.end(), [](const Hit1& a, const Hit1& b) { return a.high < b.high; });
  const Hit1 *least = &*earliest, *most = &*earliest;
  bool tied = false;
  for (const Hit1& hit : hits) {
    if (hit.index != earliest->index) continue;
    tied = tied || hit.high != earliest->high;
    if (hit.high < least->high) least = &hit;
    if (hit.high > most->high) most = &hit;
  }
  return {taken(study, *least, tied), taken(study, *quickest, false), taken(study, *earliest, tied),
          taken(study, *most, tied)};
}

AlgoperfWorkload described(const AlgoperfTrial& trial) {
  fs::path path = trial.path / "meta_data_0.json";
  Json meta = read_json(path);
  auto get = [&](const char* key) { return meta.is_object() && meta.contains(key) ? meta[key] : Json(nullptr); };
  Json metric = get("workload.target_metric_name"), target = get("workload.validation_target_value"),
       budget = get("workload.max_allowed_runtime_sec");
  if (!metric.is_string() || !target.is_number()) {
    throw DataError(path.string(), "", "no workload.target_metric_name and workload.validation_target_value",
                    "give the targets with --config");
  }
  AlgoperfWorkload workload{trial.workload, "validation/" + metric.get<std::string>(), target.get<double>(),
                            usual_direction(metric.get<std::string>()), budget.is_number() ? budget.get<double>() : 0};
  return workload;
}

// Base workloads contain no other workload's name; a variant counts when more than half of the submissions ran it.
void choose_workloads(const std::vector<const AlgoperfTrial*>& trials, const AlgoperfOverrides& overrides,
                      AlgoperfBoard& board) {
  std::map<std::string, std::set<std::string>> submissions;
  std::map<std::string, const AlgoperfTrial*> sample;
  for (const AlgoperfTrial* trial : trials) {
    submissions[trial->workload].insert(trial->submission);
    std::error_code code;
    if (!sample.count(trial->workload) && fs::exists(trial->path / "meta_data_0.json", code))
      sample[trial->workload] = trial;
  }
  std::vector<std::string> base, held_out;
  for (const auto& entry : submissions) {
    const std::string& name = entry.first;
    const std::set<std::string>& who = entry.second;
    bool variant = std::any_of(submissions.begin(), submissions.end(), [&](const auto& other) {
      return other.first != name && name.find(other.first) != std::string::npos;
    });
    if (!variant) {
      base.push_back(name);
    } else if (2 * who.size() > board.submissions.size()) {
      held_out.push_back(name);
    } else if (!overrides.held_out) {
      board.notes.push_back(cat("passed over ", name, ": a variant that only ", who.size(), " of ",
                                board.submissions.size(), " submissions ran"));
    }
  }
  if (overrides.workloads) base = *overrides.workloads;
  if (overrides.held_out) held_out = *overrides.held_out;
  auto add = [&](const std::string& name, std::vector<AlgoperfWorkload>& list) {
    auto given = overrides.targets.find(name);
    if (given != overrides.targets.end()) {
      list.push_back(given->second);
      if (sample.count(name)) list.back().budget_s = described(*sample.at(name)).budget_s;
    } else if (sample.count(name)) {
      list.push_back(described(*sample.at(name)));
    } else {
      throw ConfigError("--config", "a target for workload " + name, "none, and no log of it says one");
    }
  };
  for (const std::string& name : base) add(name, board.config.workloads);
  for (const std::string& name : held_out) {
    add(name, board.config.held_out);
    bool known =
        std::any_of(base.begin(), base.end(), [&](const std::string& b) { return name.find(b) != std::string::npos; });
    if (!known) throw ConfigError("--config", "held-out workloads whose name contains a base workload's", name);
  }
}

size_t base_index(const std::vector<AlgoperfWorkload>& workloads, const std::string& name) {
  for (size_t i = 0; i < workloads.size(); ++i) {
    if (name.find(workloads[i].name) != std::string::npos) return i;
  }
  return 0;
}

const std::vector<std::string> kConfigKeys{
    "base_workloads", "held_out_workloads", "targets", "num_studies", "num_trials_external", "r_max", "num_points"};
const std::vector<std::string> kTargetKeys{"metric", "target", "minimize", "step_hint"};

bool is_config_key(const std::string& key) {
  return std::find(kConfigKeys.begin(), kConfigKeys.end(), key) != kConfigKeys.end();
}

void refuse_unknown(const Json& object, const std::string& where, const std::vector<std::string>& known,
                    const fs::path& path) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    throw DataError(path.string(), "key " + where + key, "unknown, the keys are " + join(known, ", "),
                    suggest(key, known));
  }
}

// Configurations by version, {"v05": {...}}, as MLCommons' are collected: a file of one is that one.
Json without_version(Json json, const fs::path& path) {
  std::vector<std::string> versions;
  for (const auto& [key, value] : json.items()) {
    bool nested = value.is_object() && !is_config_key(key) &&
                  std::any_of(kConfigKeys.begin(), kConfigKeys.end(),
                              [&inner = value](const std::string& known) { return inner.contains(known); });
    if (!nested) return json;
    versions.push_back(key);
  }
  if (versions.empty()) return json;
  if (versions.size() > 1) {
    throw DataError(path.string(), "", "holds several configurations: " + join(versions, ", "),
                    "give a file with the one that this board is scored by");
  }
  return json[versions.front()];
}

AlgoperfBoard read_board(const std::vector<const AlgoperfTrial*>& trials, const AlgoperfOverrides& overrides) {
  AlgoperfBoard board;
  board.path = trials.front()->board;
  board.config.rules = overrides.rules;
  std::set<std::string> names;
  for (const AlgoperfTrial* trial : trials) names.insert(trial->submission);
  board.submissions.assign(names.begin(), names.end());
  choose_workloads(trials, overrides, board);
  std::vector<AlgoperfWorkload> all = board.config.workloads;
  all.insert(all.end(), board.config.held_out.begin(), board.config.held_out.end());
  // submission, workload -> study -> hits; a study without any evaluated trial was not run
  std::map<std::pair<std::string, std::string>, std::map<std::string, std::vector<Hit1>>> studies;
  std::map<std::string, std::set<std::string>> studies_of_board;
  for (const AlgoperfTrial* trial : trials) {
    auto workload =
        std::find_if(all.begin(), all.end(), [&](const AlgoperfWorkload& w) { return w.name == trial->workload; });
    if (workload == all.end() || !trial->evaluated) continue;
    auto& hits = studies[{trial->submission, trial->workload}][trial->study];
    if (auto hit = first_hit(*trial, *workload)) hits.push_back(*hit);
    board.config.trials = std::max(board.config.trials, trial->trial);
    studies_of_board[trial->study].insert(trial->submission);
  }
  board.config.studies = static_cast<int64_t>(studies_of_board.size());
  if (overrides.studies) board.config.studies = *overrides.studies;
  if (overrides.trials) board.config.trials = *overrides.trials;
  for (const std::string& submission : board.submissions) {
    auto &index = board.index_rule.emplace_back(), &min_time = board.min_time_rule.emplace_back(),
         &first = board.first_rule.emplace_back(), &most = board.most_rule.emplace_back();
    for (const AlgoperfWorkload& workload : all) {
      auto &i = index.emplace_back(), &m = min_time.emplace_back(), &f = first.emplace_back(), &x = most.emplace_back();
      for (const auto& [study, hits] : studies[{submission, workload.name}]) {
        StudyTimes times = times_of(study, hits);
        i.push_back(times.index), m.push_back(times.min_time), f.push_back(times.first), x.push_back(times.most);
      }
    }
  }
  return board;
}

}  // namespace

AlgoperfOverrides read_algoperf_config(const fs::path& path) {
  Json json = read_json(path);
  if (!json.is_object()) throw DataError(path.string(), "", "not a scoring configuration: expected an object");
  json = without_version(std::move(json), path);
  refuse_unknown(json, "", kConfigKeys, path);
  AlgoperfOverrides overrides;
  try {
    if (json.contains("base_workloads")) overrides.workloads = json["base_workloads"].get<std::vector<std::string>>();
    if (json.contains("held_out_workloads"))
      overrides.held_out = json["held_out_workloads"].get<std::vector<std::string>>();
    if (json.contains("num_studies")) overrides.studies = json["num_studies"].get<int64_t>();
    if (json.contains("num_trials_external")) overrides.trials = json["num_trials_external"].get<int64_t>();
    if (json.contains("r_max")) overrides.rules.r_max = json["r_max"].get<double>();
    if (json.contains("num_points")) overrides.rules.points = json["num_points"].get<int64_t>();
    const Json targets = json.value("targets", Json::object());
    for (const auto& [name, target] : targets.items()) {
      refuse_unknown(target, "targets." + name + ".", kTargetKeys, path);
      AlgoperfWorkload workload;
      workload.name = name;
      std::string metric = target.at("metric").get<std::string>();
      workload.metric = metric.find('/') == std::string::npos ? "validation/" + metric : metric;
      workload.target = target.at("target").get<double>();
      workload.direction = usual_direction(metric);
      if (target.contains("minimize"))
        workload.direction = target["minimize"].get<bool>() ? Direction::kMinimize : Direction::kMaximize;
      overrides.targets[name] = workload;
    }
  } catch (const Json::exception& error) {
    throw DataError(path.string(), "", std::string("not a scoring configuration: ") + error.what());
  }
  if (!(overrides.rules.r_max > 1) || overrides.rules.points < 2) {
    throw DataError(path.string(), "", "r_max must be above 1 and num_points at least 2");
  }
  return overrides;
}

double median_time(std::vector<double> times) { return std::round(stats::median(std::move(times)) * 1e4) / 1e4; }

TimeTable AlgoperfBoard::table(TrialRule rule, TieRule tie) const {
  const auto& source = rule == TrialRule::kMinTime ? min_time_rule
                       : tie == TieRule::kFirst    ? first_rule
                       : tie == TieRule::kMost     ? most_rule
                                                   : index_rule;
  TimeTable table;
  table.submissions = submissions;
  for (const AlgoperfWorkload& workload : config.workloads) table.workloads.push_back(workload.name);
  for (const AlgoperfWorkload& workload : config.held_out) {
    table.held_out.push_back(workload.name);
    table.base_of.push_back(base_index(config.workloads, workload.name));
  }
  for (const auto& row : source) {
    auto &times = table.time.emplace_back(), &held = table.held_out_time.emplace_back();
    for (size_t w = 0; w < row.size(); ++w) {
      std::vector<double> studies;
      for (const StudyTime& study : row[w]) studies.push_back(study.high);
      (w < config.workloads.size() ? times : held).push_back(median_time(std::move(studies)));
    }
  }
  return table;
}

std::vector<AlgoperfBoard> read_algoperf(const fs::path& root, const AlgoperfOverrides& overrides) {
  std::vector<AlgoperfTrial> trials = find_algoperf_trials(root);
  if (trials.empty()) {
    throw ConfigError("score algoperf", "a folder with <submission>/study_<k>/<workload>/trial_<j>/",
                      root.string() + ", which has none");
  }
  std::map<std::string, std::vector<const AlgoperfTrial*>> boards;
  for (const AlgoperfTrial& trial : trials) boards[trial.board].push_back(&trial);
  std::vector<AlgoperfBoard> result;
  for (const auto& [path, members] : boards) result.push_back(read_board(members, overrides));
  return result;
}

}  // namespace hasten::evaluate
