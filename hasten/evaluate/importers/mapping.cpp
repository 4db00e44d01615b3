// Mappings: reading them, the three that come along, and the state of runs while rows arrive.
#include "hasten/evaluate/importers/mapping.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/spec/toml.h"

namespace hasten::evaluate {
namespace {

struct Shipped {
  std::string_view name, toml;
};

constexpr Shipped kShipped[] = {
    // The web page's export of a chart ("Step", "RUN - METRIC", "RUN - METRIC__MIN", ...) or run.history() as CSV or JSONL.
    {"wandb", R"toml(wide = " - "
ignore = ["*__MIN", "*__MAX", "_timestamp", "_wandb*", "gradients/*", "parameters/*"]
[fields]
step = ["_step", "Step", "trainer/global_step"]
epoch = "epoch"
t_total = ["_runtime", "Relative Time (Process)"]
lr = ["lr", "learning_rate", "train/learning_rate"]
)toml"},
    // Metrics of runs as rows: run_id, key, value, step, timestamp in milliseconds.
    {"mlflow", R"toml(ignore = ["is_nan", "*_uuid", "experiment_id"]
[rows]
run = ["run_id", "Run ID", "run_uuid"]
metric = ["key", "metric"]
value = "value"
[fields]
step = "step"
t_total = { column = "timestamp", scale = 0.001, from_first = true }
)toml"},
    // metrics.csv of CSVLogger: blank where a row has no such metric.
    {"lightning", R"toml([fields]
step = "step"
epoch = "epoch"
lr = ["lr", "learning_rate", "lr-SGD", "lr-Adam", "lr-AdamW"]
)toml"},
    {"", R"toml([fields]
step = ["step", "global_step", "iter", "iteration", "_step", "Step"]
epoch = ["epoch", "Epoch"]
samples = ["samples", "examples"]
tokens = ["tokens"]
t_train = ["t_train", "train_s", "train_time", "wall_clock_train_s", "train_seconds"]
t_eval = ["t_eval", "eval_s", "eval_time"]
t_total = ["t_total", "total_s", "time", "seconds", "wall_time", "elapsed", "_runtime", "total_time"]
loader_wait = ["loader_wait"]
flops = ["flops"]
joules = ["joules"]
lr = ["lr", "learning_rate"]
)toml"}};

struct EventField {
  std::string_view name;
  std::optional<double> EventRecord::*member;
};
constexpr std::array<EventField, 10> kEventFields{{{"epoch", &EventRecord::epoch},
                                                   {"samples", &EventRecord::samples},
                                                   {"tokens", &EventRecord::tokens},
                                                   {"t_train", &EventRecord::t_train},
                                                   {"t_eval", &EventRecord::t_eval},
                                                   {"t_total", &EventRecord::t_total},
                                                   {"loader_wait", &EventRecord::loader_wait},
                                                   {"flops", &EventRecord::flops},
                                                   {"joules", &EventRecord::joules},
                                                   {"lr", &EventRecord::lr}}};

// Reads a mapping and refuses what it does not know, with the line.
class MappingReader {
 public:
  MappingReader(const std::string& text, std::string source) : source_(std::move(source)) {
    parse_toml(text, source_, json_, lines_);
  }

  Mapping read() {
    Mapping mapping;
    for (const auto& [key, value] : json_.items()) {
      if (key == "wide") {
        mapping.wide_separator = text(value, key);
      } else if (key == "other_metrics") {
        if (!value.is_boolean()) fail(key, "true or false", value);
        mapping.other_metrics = value.get<bool>();
      } else if (key == "ignore") {
        mapping.ignore = texts(value, key);
      } else if (key == "fields") {
        read_fields(value, mapping);
      } else if (key == "metrics") {
        for (const auto& [column, name] : value.items()) mapping.metrics[column] = text(name, "metrics." + column);
      } else if (key == "rows") {
        read_rows(value, mapping);
      } else {
        fail(key, "one of wide, ignore, other_metrics, fields, metrics, rows", value);
      }
    }
    return mapping;
  }

 private:
  [[noreturn]] void fail(const std::string& place, const std::string& expected, const Json& got) const {
    ConfigError error("mapping." + place, expected, got.dump());
    auto line = lines_.find(place);
    throw line == lines_.end() ? error.at(source_) : error.at(cat(source_, ":", line->second));
  }
  std::string text(const Json& value, const std::string& place) const {
    if (!value.is_string()) fail(place, "text", value);
    return value.get<std::string>();
  }
  std::vector<std::string> texts(const Json& value, const std::string& place) const {
    if (value.is_string()) return {value.get<std::string>()};
    if (!value.is_array()) fail(place, "text, or a list of texts", value);
    std::vector<std::string> all;
    for (const Json& one : value) all.push_back(text(one, place));
    return all;
  }
  // Alternatives are columns of one meaning under several names: the list of them is kept with "|" between.
  void read_fields(const Json& fields, Mapping& mapping) const {
    std::vector<std::string> known{"step"};
    for (const EventField& field : kEventFields) known.emplace_back(field.name);
    for (const auto& [name, value] : fields.items()) {
      std::string place = "fields." + name;
      if (std::find(known.begin(), known.end(), name) == known.end()) fail(place, "one of " + join(known, ", "), value);
      FieldSource source;
      if (value.is_object()) {
        for (const auto& [key, part] : value.items()) {
          if (key == "column") {
            source.column = join(texts(part, place), "|");
          } else if (key == "scale" && part.is_number()) {
            source.scale = part.get<double>();
          } else if (key == "from_first" && part.is_boolean()) {
            source.from_first = part.get<bool>();
          } else {
            fail(place, "column, scale (a number), from_first (true or false)", value);
          }
        }
      } else {
        source.column = join(texts(value, place), "|");
      }
      mapping.fields[name] = source;
    }
  }
  void read_rows(const Json& rows, Mapping& mapping) const {
    for (const auto& [key, value] : rows.items()) {
      std::string columns = join(texts(value, "rows." + key), "|");
      if (key == "run") mapping.run_column = columns;
      else if (key == "group") mapping.group_column = columns;
      else if (key == "seed") mapping.seed_column = columns;
      else if (key == "metric") mapping.long_metric = columns;
      else if (key == "value") mapping.long_value = columns;
      else fail("rows." + key, "run, group, seed, metric or value", value);
    }
  }

  std::string source_;
  Json json_;
  TomlLines lines_;
};

bool is_one_of(const std::string& column, const std::string& alternatives) {
  if (alternatives.empty()) return false;
  auto names = split(alternatives, '|');
  return std::find(names.begin(), names.end(), column) != names.end();
}

// "val_acc" -> validation, acc; "train/loss" -> train, loss; anything else has no split.
void split_name(const std::string& column, ColumnRole& role) {
  role.metric = column;
  for (const char* prefix : {"train", "validation", "valid", "val", "test", "eval"}) {
    std::string text(prefix);
    bool matches = column.size() > text.size() + 1 && column.rfind(text, 0) == 0;
    if (!matches || (column[text.size()] != '_' && column[text.size()] != '/' && column[text.size()] != '.')) continue;
    role.split = text == "valid" || text == "val" ? "validation" : text;
    role.metric = column.substr(text.size() + 1);
    return;
  }
}

}  // namespace

std::vector<std::string> shipped_mappings() {
  std::vector<std::string> names;
  for (const Shipped& shipped : kShipped) {
    if (!shipped.name.empty()) names.emplace_back(shipped.name);
  }
  return names;
}

Mapping read_mapping(const std::string& name) {
  for (const Shipped& shipped : kShipped) {
    if (shipped.name == name) return MappingReader(std::string(shipped.toml), "mapping " + name).read();
  }
  std::error_code code;
  if (!std::filesystem::exists(name, code)) {
    throw ConfigError("--mapping", "a TOML file, or one of " + join(shipped_mappings(), ", "), "'" + name + "'", suggest(name, shipped_mappings()));
  }
  return MappingReader(read_file(name), name).read();
}

ColumnRole role_of(const Mapping& mapping, const std::string& column) {
  ColumnRole role;
  for (const auto& [name, source] : mapping.fields) {
    if (!is_one_of(column, source.column)) continue;
    role.kind = ColumnRole::Kind::kField;
    role.source = source;
    for (const EventField& field : kEventFields) {
      if (field.name == name) role.field = field.member;
    }
    return role;
  }
  auto named = mapping.metrics.find(column);
  if (named != mapping.metrics.end()) {
    role.kind = ColumnRole::Kind::kMetric;
    size_t slash = named->second.find('/');
    role.split = slash == std::string::npos ? "" : named->second.substr(0, slash);
    role.metric = slash == std::string::npos ? named->second : named->second.substr(slash + 1);
    return role;
  }
  for (const std::string& pattern : mapping.ignore) {
    if (glob_match(pattern, column)) return role;
  }
  for (const std::string* used : {&mapping.run_column, &mapping.group_column, &mapping.seed_column, &mapping.long_metric, &mapping.long_value}) {
    if (is_one_of(column, *used)) return role;
  }
  if (!mapping.other_metrics || column.empty()) return role;
  role.kind = ColumnRole::Kind::kMetric;
  split_name(column, role);
  return role;
}

void set_field(EventRecord& event, const ColumnRole& role, double value) {
  if (role.field) {
    event.*role.field = value;
  } else if (value >= -9e15 && value <= 9e15) {
    event.step = static_cast<int64_t>(value);
  }
}

RowImport::RowImport(const Mapping&, const ImportOptions& options, RunSink& sink, std::string source)
    : options_(options), sink_(sink), source_(std::move(source)) {}

size_t RowImport::run(std::string_view name) {
  auto found = names_.find(name);
  if (found != names_.end()) return found->second;
  size_t index = runs_.size();
  names_.emplace(std::string(name), index);
  Open& open = runs_.emplace_back();
  open.record.id = std::string(name);
  open.record.group = std::string(name);
  open.record.source = source_;
  open.sink_run = sink_.begin();
  return index;
}

void RowImport::note(size_t run, std::string_view group, std::string_view seed) {
  if (!group.empty()) runs_[run].record.group = std::string(group);
  int64_t value = 0;
  auto [end, code] = std::from_chars(seed.data(), seed.data() + seed.size(), value);
  if (code == std::errc() && end == seed.data() + seed.size() && !seed.empty()) runs_[run].record.seed = value;
}

double RowImport::from_first(size_t run, const std::string& column, double value) {
  return value - runs_[run].first.try_emplace(column, value).first->second;
}

void RowImport::event(size_t run, EventRecord&& event) {
  Open& open = runs_[run];
  ++open.events;
  if (event.step) open.last.step = event.step;
  for (const EventField& field : kEventFields) {
    if (event.*field.member) open.last.*field.member = event.*field.member;
  }
  sink_.event(open.sink_run, std::move(event));
}

void RowImport::finish() {
  for (Open& open : runs_) {
    RunRecord& record = open.record;
    Totals& totals = record.executed;
    if (open.last.step) totals.steps = static_cast<double>(*open.last.step);
    totals.epochs = open.last.epoch;
    totals.samples = open.last.samples;
    totals.tokens = open.last.tokens;
    totals.train_s = open.last.t_train;
    totals.eval_s = open.last.t_eval;
    totals.total_s = open.last.t_total;
    totals.flops = open.last.flops;
    totals.joules = open.last.joules;
    if (!open.last.step) record.not_found.emplace_back("step");
    if (!totals.train_s) record.not_found.emplace_back("t_train");
    if (!totals.total_s) record.not_found.emplace_back("t_total");
    if (!record.seed) record.not_found.emplace_back("seed");
    record.not_found.emplace_back("hardware");
    record.status = open.events > 0 ? Status::kOk : Status::kMissing;
    apply(options_, record);
    sink_.end(open.sink_run, std::move(record));
  }
  runs_.clear();
  names_.clear();
}

}  // namespace hasten::evaluate
