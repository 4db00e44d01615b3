// The run record, version 1: what a run directory says about one training run. Every reader accepts every
// released version; a field that is absent is unknown, and a check that needs it says so instead of passing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hasten::evaluate {

constexpr int kRecordVersion = 1;

enum class Role { kUnknown, kBaseline, kMethod, kReference };
enum class Status { kUnknown, kRunning, kOk, kStoppedEarly, kDiverged, kOutOfBudget, kInterrupted, kError, kMissing };
enum class Direction { kMaximize, kMinimize };
enum class PointKind { kStandard, kCyclic };  // cyclic: several budgets read from one run with restarts

std::string_view name(Role role);
std::string_view name(Status status);
std::string_view name(Direction direction);

// A length of training in every unit that is known. `text` is the budget as the recipe says it ("8ep").
struct Amounts {
  std::string text;
  std::optional<double> steps, epochs, samples, tokens, seconds, flops, joules;
};

// The quality that counts: "test/accuracy" is split "test", name "accuracy".
struct Metric {
  std::string name, split;
  Direction direction = Direction::kMaximize;
  std::string aggregation = "last";  // last | best | mean of the last k, as "mean3"
  std::string weights = "raw";       // raw | ema | tta
  std::string definition;            // what else must agree: tokenizer, subset, smoothing
  std::optional<double> target;
  std::string target_declared_at;    // ISO 8601
};

struct Dataset {
  std::string id, hash, split;
  std::string use;  // train | eval | tune (early stopping, model selection) | prelude
  std::optional<int64_t> samples;
  std::vector<double> mean, deviation;  // per channel of x / 255, which inputs were normalised with
};

struct Hardware {
  std::string accelerator, cpu, interconnect, host_id;
  std::optional<int64_t> accelerator_count, cores, threads, memory_bytes;
  std::optional<double> power_cap_watt;
};

struct Software {
  std::string framework, version, driver, commit, build_flags, system;
  std::optional<bool> uncommitted_changes;
  std::map<std::string, std::string> libraries;
};

// What the clock t_train contains.
struct Clocks {
  std::optional<bool> eval, compile, data, checkpoint;
  std::optional<int64_t> untimed_warmup_steps;
};

struct SearchRange {
  std::string name;             // a path into the recipe: "optimizer.lr"
  std::optional<double> low, high;
  bool log = false;
  std::vector<double> values;   // a grid; then low and high are not needed
};

// How the settings of this run were found.
struct Tuning {
  std::string group;                          // runs of one search
  std::optional<int64_t> trial, trials;       // index of this one, number tried
  std::vector<SearchRange> ranges;
  std::string selected_on;                    // the split that picked the setting
  std::optional<double> seconds, flops, joules, usd;  // what the whole search cost
};

// Work outside the run that the run depends on: preludes, teachers, filters, pre-trained weights.
struct AuxiliaryCost {
  std::string kind, name;
  std::optional<double> seconds, flops, joules, samples, usd;
  bool charged = false;  // already inside this run's costs
};

// A file that the run started from, and what became of its tensors.
struct SourceFile {
  std::string use;  // init | module
  std::string path, hash;
  std::optional<int64_t> loaded;                           // tensors that were taken
  std::vector<std::string> missing, unexpected, skipped;  // names: only in the model, only in the file, left alone
};

struct Price {
  std::optional<double> usd_per_hour, grams_co2_per_kwh;
  std::string source, date, region;
};

// Totals at the end of the run.
struct Totals {
  std::optional<double> steps, epochs, samples, tokens, flops, joules;
  std::optional<double> train_s, eval_s, checkpoint_s, logging_s, total_s, loader_wait_s, startup_s;
  std::optional<double> replayed_steps;            // of the steps since the run began or was resumed: as graphs
  std::optional<double> peak_memory_bytes;         // of the process
  std::optional<double> peak_device_memory_bytes;  // of tensors on the accelerator
};

// What the threads that read, decode and augment samples did, since the run began or was resumed.
struct LoaderStage {
  std::string name;
  double seconds = 0, bytes = 0;
};
struct LoaderUse {
  std::string read, read_reason;  // how files were read, and why so
  std::optional<double> threads, delivered, skipped, substituted, hedged, wait_s;
  std::vector<LoaderStage> stages;   // of all threads; they add up to the threads' lives
  std::vector<std::string> corrupt;  // the first samples that could not be read, in words
};

struct RunRecord {
  int version = kRecordVersion;
  std::string id, group, workload;
  Role role = Role::kUnknown;
  std::string recipe_json;   // the resolved recipe with every default, as JSON text; see recipe() in record_io.h
  std::string recipe_hash;
  std::vector<std::string> methods;
  Metric metric;
  Amounts planned;
  std::optional<double> final_lr_fraction;   // where the planned schedule ends, as a share of its peak
  PointKind point = PointKind::kStandard;
  std::string time_to_target;  // the variant its rules read: planned | first | common | sustained; empty: none said
  Totals executed;
  std::optional<LoaderUse> loader;           // of a run whose samples did not lie in memory
  std::optional<int64_t> seed;
  std::optional<int64_t> planned_runs;       // runs launched for this group, so that a lost one is noticed
  std::vector<Dataset> data;
  std::vector<SourceFile> files;
  Hardware hardware;
  Software software;
  Clocks clocks;
  Tuning tuning;
  std::vector<AuxiliaryCost> auxiliary;
  std::optional<double> forwards_per_step, backwards_per_step;
  std::optional<double> batch_size;
  std::optional<double> eval_interval_s;  // planned training seconds between evaluations, if that is how they are set
  Price price;
  Status status = Status::kUnknown;
  std::string status_detail;
  std::optional<int64_t> first_bad_step;
  std::string started_at, finished_at;  // ISO 8601, UTC
  std::string source;  // what an importer read: "algoperf: study_0/..."
  std::vector<std::string> not_found;  // fields the importer looked for in vain
};

struct MetricValue {
  std::string name, split;
  double value = 0;
  std::string weights = "raw";
};

// One line of events.jsonl. Times are seconds since the start of the run, monotonic, without pauses.
struct EventRecord {
  std::string kind;  // "" for progress and evaluation; "restart", or a word of the writer's
  std::optional<int64_t> step;
  std::optional<double> epoch, samples, tokens;
  std::optional<double> t_train, t_eval, t_total, loader_wait;  // seconds, accumulated
  std::optional<double> flops, joules;  // accumulated
  std::optional<double> lr;
  std::vector<MetricValue> metrics;
  std::string note;
};

struct Run {
  RunRecord record;
  std::vector<EventRecord> events;
  int64_t dropped_lines = 0;  // a torn last line
  std::string path;  // the run directory, or the log it was imported from
};

}  // namespace hasten::evaluate
