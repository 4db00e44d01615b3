// AlgoPerf's logs: one run a trial.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/hash.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/cost.h"
#include "hasten/evaluate/importers/algoperf_tree.h"
#include "hasten/evaluate/importers/csv.h"
#include "hasten/evaluate/importers/importers.h"

namespace hasten::evaluate {
namespace {

// A JSON object from a file that may be absent; missing files go to `not_found`.
class Side {
 public:
  Side(const std::filesystem::path& path, RunRecord& record) : record_(record), name_(path.filename().string()) {
    std::error_code code;
    if (std::filesystem::is_regular_file(path, code)) json_ = read_json(path);
    if (!json_.is_object()) record.not_found.push_back(name_);
  }
  std::optional<double> number(const char* key) const {
    auto found = json_.find(key);
    return found != json_.end() && found->is_number() ? std::optional(found->get<double>()) : absent(key);
  }
  std::optional<int64_t> whole(const char* key) const {
    auto value = number(key);
    return value ? whole_number(*value) : std::nullopt;
  }
  std::string text(const char* key) const {
    auto found = json_.find(key);
    if (found != json_.end() && found->is_string()) return found->get<std::string>();
    absent(key);
    return "";
  }
  const Json& json() const { return json_; }

 private:
  std::optional<double> absent(const char* key) const {
    if (json_.is_object()) record_.not_found.push_back(name_ + ": " + key);
    return std::nullopt;
  }
  RunRecord& record_;
  std::string name_;
  Json json_ = nullptr;
};

void read_metadata(const AlgoperfTrial& trial, RunRecord& record) {
  Side meta(trial.path / "meta_data_0.json", record), flags(trial.path / "flags_0.json", record),
      hparams(trial.path / "hparams.json", record);
  record.metric.name = meta.text("workload.target_metric_name");
  record.metric.split = "validation";
  record.metric.direction = usual_direction(record.metric.name);
  record.metric.target = meta.number("workload.validation_target_value");
  record.planned.steps = flags.number("max_global_steps");
  if (!record.planned.steps) record.planned.steps = meta.number("workload.step_hint");
  record.planned.seconds = meta.number("workload.max_allowed_runtime_sec");
  record.eval_interval_s = meta.number("workload.eval_period_time_sec");
  record.seed = meta.whole("rng_seed");
  record.hardware.accelerator = meta.text("gpu_model_name");
  record.hardware.accelerator_count = meta.whole("gpu_count");
  record.hardware.cpu = meta.text("cpu_model_name");
  record.hardware.cores = meta.whole("cpu_count");
  record.hardware.memory_bytes = meta.whole("mem.total");
  record.software.framework = trial.framework;
  record.software.driver = meta.text("gpu_driver");
  record.software.commit = meta.text("git_commit_hash");
  record.software.system = meta.text("os_platform");
  std::string python = meta.text("python_version");
  if (!python.empty()) record.software.libraries["python"] = python;
  record.tuning.trials = flags.whole("num_tuning_trials");
  if (hparams.json().is_object()) {
    record.recipe_json = hparams.json().dump();
    record.recipe_hash = hex(hash64(record.recipe_json));
  }
}

// "validation/loss" -> split, name.
struct MetricColumn {
  size_t column;
  std::string split, name;
};

void read_evaluations(const AlgoperfTrial& trial, RunRecord& record, size_t run, RunSink& sink) {
  CsvReader csv(trial.path / "eval_measurements.csv");
  std::vector<MetricColumn> metrics;
  for (size_t c = 0; c < csv.header().size(); ++c) {
    const std::string& name = csv.header()[c];
    size_t slash = name.find('/');
    if (slash == std::string::npos || name.substr(slash + 1) == "num_examples") continue;
    metrics.push_back({c, name.substr(0, slash), name.substr(slash + 1)});
  }
  auto step = csv.column("global_step"), train = csv.column("score"), eval = csv.column("accumulated_eval_time"),
       logging = csv.column("accumulated_logging_time"), total = csv.column("total_duration");
  if (!train) train = csv.column("accumulated_submission_time");
  if (!train) record.not_found.emplace_back("eval_measurements.csv: score");
  std::vector<std::string_view> cells;
  auto cell = [&](std::optional<size_t> column) { return column ? parse_number(cells[*column]) : std::nullopt; };
  while (csv.next(cells)) {
    EventRecord event;
    auto at = cell(step);
    if (at) event.step = whole_number(*at);
    event.t_train = cell(train);
    event.t_eval = cell(eval);
    event.t_total = cell(total);
    for (const MetricColumn& metric : metrics) {
      auto value = parse_number(cells[metric.column]);
      if (!value) continue;
      event.metrics.push_back({metric.name, metric.split, *value, "raw"});
      bool counts = metric.name == record.metric.name && metric.split == record.metric.split && record.metric.target;
      if (counts && reaches(*value, *record.metric.target, record.metric.direction))
        record.status = Status::kStoppedEarly;
    }
    if (event.step) record.executed.steps = static_cast<double>(*event.step);
    if (event.t_train) record.executed.train_s = event.t_train;
    if (event.t_eval) record.executed.eval_s = event.t_eval;
    if (event.t_total) record.executed.total_s = event.t_total;
    if (auto logged = cell(logging)) record.executed.logging_s = logged;
    sink.event(run, std::move(event));
  }
}

void read_trial(const AlgoperfTrial& trial, int64_t studies, const ImportOptions& options, RunSink& sink) {
  RunRecord record;
  record.id = cat(trial.submission, "/", trial.study, "/", trial.workload, "/", trial.path.filename().string());
  record.group = trial.submission;
  record.workload = trial.workload;
  record.source = "algoperf: " + trial.path.string();
  read_metadata(trial, record);
  record.tuning.group = trial.study;
  record.tuning.trial = trial.trial;
  record.tuning.selected_on = "validation";  // part of the rules
  if (record.tuning.trials) record.planned_runs = *record.tuning.trials * studies;
  record.clocks.eval = false;
  record.clocks.compile = true;
  record.clocks.data = true;
  record.clocks.checkpoint = false;
  record.status = trial.evaluated ? Status::kOutOfBudget : Status::kMissing;
  apply(options, record);
  size_t run = sink.begin();
  if (trial.evaluated) {
    read_evaluations(trial, record, run, sink);
  } else {
    record.status_detail = "no eval_measurements.csv";
  }
  sink.end(run, std::move(record));
}

}  // namespace

Importer algoperf_importer() {
  return {"algoperf", "folders <submission>/study_<k>/<workload>/trial_<j>/ with eval_measurements.csv",
          [](const std::filesystem::path& path) {
            std::error_code code;
            return std::filesystem::is_directory(path, code) && !find_algoperf_trials(path).empty();
          },
          [](const Paths& paths, const ImportOptions& options, RunSink& sink) {
            std::map<std::filesystem::path, AlgoperfTrial> trials;  // each once
            for (const std::filesystem::path& path : paths) {
              for (AlgoperfTrial& trial : find_algoperf_trials(path)) trials.try_emplace(trial.path, std::move(trial));
            }
            std::map<std::string, std::set<std::string>> studies;
            Paths boards;
            for (const auto& [path, trial] : trials) {
              if (studies[trial.board].empty()) boards.emplace_back(trial.board);
              studies[trial.board].insert(trial.study);
            }
            // Boards of two versions have submissions of one name, which are not one submission.
            auto names = distinct_names(boards);
            for (auto& [path, trial] : trials) {
              if (boards.size() > 1) trial.submission = cat(names.at(trial.board), "/", trial.submission);
              read_trial(trial, static_cast<int64_t>(studies[trial.board].size()), options, sink);
            }
          }};
}

}  // namespace hasten::evaluate
