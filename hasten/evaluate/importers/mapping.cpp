// Mappings: reading them, the three that come along, and the state of runs while rows arrive.
#include "hasten/evaluate/importers/mapping.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/importers/csv.h"
#include "hasten/evaluate/record_io.h"
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

// Fields of an event in the order of ColumnRole::field.
constexpr std::array<std::string_view, 11> kFieldNames{
    "step", "epoch", "samples", "tokens", "t_train", "t_eval", "t_total", "loader_wait", "flops", "joules", "lr"};

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
    std::vector<std::string> known(kFieldNames.begin(), kFieldNames.end());
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

// What stands before a metric's number in an event's line.
std::string metric_prefix(const std::string& split, const std::string& metric) {
  std::string prefix = "{\"name\":";
  append_json_text(metric, prefix);
  if (!split.empty()) {
    prefix += ",\"split\":";
    append_json_text(split, prefix);
  }
  return prefix + ",\"value\":";
}

// Whether text is a number as JSON writes it.
bool is_json_number(std::string_view text) {
  size_t i = 0, n = text.size();
  auto digits = [&] {
    size_t begin = i;
    while (i < n && text[i] >= '0' && text[i] <= '9') ++i;
    return i - begin;
  };
  if (i < n && text[i] == '-') ++i;
  size_t lead = i, whole = digits();
  if (whole == 0 || (whole > 1 && text[lead] == '0')) return false;
  if (i < n && text[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < n && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < n && (text[i] == '+' || text[i] == '-')) ++i;
    // Three digits of exponent may be infinite; reading and printing says so.
    size_t exponent = digits();
    if (exponent == 0 || exponent > 2) return false;
  }
  return i == n && n < 40;
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
    throw ConfigError("--mapping", "a TOML file, or one of " + join(shipped_mappings(), ", "), "'" + name + "'",
                      suggest(name, shipped_mappings()));
  }
  return MappingReader(read_file(name), name).read();
}

ColumnRole metric_role(const std::string& column) {
  ColumnRole role;
  role.kind = ColumnRole::Kind::kMetric;
  role.prefix = metric_prefix("", column);
  for (const char* prefix : {"train", "validation", "valid", "val", "test", "eval"}) {
    std::string text(prefix);
    bool matches = column.size() > text.size() + 1 && column.rfind(text, 0) == 0;
    if (!matches || (column[text.size()] != '_' && column[text.size()] != '/' && column[text.size()] != '.')) continue;
    role.prefix = metric_prefix(text == "valid" || text == "val" ? "validation" : text, column.substr(text.size() + 1));
    break;
  }
  return role;
}

ColumnRole role_of(const Mapping& mapping, const std::string& column) {
  ColumnRole role;
  for (const auto& [name, source] : mapping.fields) {
    if (!is_one_of(column, source.column)) continue;
    role.kind = ColumnRole::Kind::kField;
    role.source = source;
    role.field = static_cast<size_t>(std::find(kFieldNames.begin(), kFieldNames.end(), name) - kFieldNames.begin());
    role.prefix = "\"" + name + "\":";
    return role;
  }
  auto named = mapping.metrics.find(column);
  if (named != mapping.metrics.end()) {
    role.kind = ColumnRole::Kind::kMetric;
    size_t slash = named->second.find('/');
    role.prefix = slash == std::string::npos
                      ? metric_prefix("", named->second)
                      : metric_prefix(named->second.substr(0, slash), named->second.substr(slash + 1));
    return role;
  }
  for (const std::string& pattern : mapping.ignore) {
    if (glob_match(pattern, column)) return role;
  }
  for (const std::string* used :
       {&mapping.run_column, &mapping.group_column, &mapping.seed_column, &mapping.long_metric, &mapping.long_value}) {
    if (is_one_of(column, *used)) return role;
  }
  return mapping.other_metrics && !column.empty() ? metric_role(column) : role;
}

RowImport::RowImport(const ImportOptions& options, RunSink& sink, std::string source)
    : options_(options), sink_(sink), source_(std::move(source)) {}

RowImport::Open& RowImport::open(std::string_view name) {
  auto found = names_.find(name);
  if (found != names_.end()) return runs_[found->second];
  // Each open run holds a file: a column of values mistaken for names must not open thousands.
  if (runs_.size() >= 512) {
    throw ConfigError("--mapping", "a column that names runs",
                      cat("more than 512 different names, such as '", name, "'"));
  }
  names_.emplace(std::string(name), runs_.size());
  Open& run = runs_.emplace_back();
  run.record.id = std::string(name);
  run.record.group = std::string(name);
  run.record.source = source_;
  run.sink_run = sink_.begin();
  return run;
}

void RowImport::begin_row() {
  metrics_.clear();
  pending_.clear();
  for (std::string& value : row_) value.clear();
}

void RowImport::add(const ColumnRole& role, std::string_view cell) {
  cell = trim(cell);
  if (cell.empty() || role.kind == ColumnRole::Kind::kIgnored) return;
  bool as_is = is_json_number(cell);
  if (role.kind == ColumnRole::Kind::kMetric) {
    if (as_is) {
      scratch_ = cell;
    } else {
      auto value = parse_number(cell);
      if (!value) return;
      scratch_.clear();
      append_json_number(*value, scratch_);
    }
    metrics_ += metrics_.empty() ? '[' : ',';
    metrics_ += role.prefix;
    metrics_ += scratch_;
    metrics_ += '}';
    return;
  }
  bool whole = role.field != 0 || cell.find_first_of(".eE") == std::string_view::npos;
  if (as_is && whole && !role.source.from_first && role.source.scale == 1) {
    row_[role.field] = cell;
    return;
  }
  if (auto value = parse_number(cell)) pending_.push_back({&role, *value});
}

void RowImport::end_row(std::string_view name, std::string_view group, std::string_view seed) {
  Open& run = open(name);
  if (!group.empty()) run.record.group = std::string(group);
  if (auto value = seed.empty() ? std::nullopt : parse_number(seed); value && std::abs(*value) < 9e15) {
    run.record.seed = static_cast<int64_t>(*value);
  }
  for (const Pending& pending : pending_) {
    double value = pending.value;
    const FieldSource& source = pending.role->source;
    if (source.from_first) value -= run.first.try_emplace(source.column, value).first->second;
    value *= source.scale;
    if (pending.role->field == 0) {
      if (!(std::abs(value) < 9e15)) continue;
      value = std::floor(value);
    }
    scratch_.clear();
    append_json_number(value, scratch_);
    row_[pending.role->field] = scratch_;
  }
  line_ = "{";
  for (size_t f = 0; f < row_.size(); ++f) {
    if (row_[f].empty()) continue;
    run.last[f] = row_[f];
    if (line_.size() > 1) line_ += ',';
    line_ += '"';
    line_ += kFieldNames[f];
    line_ += "\":";
    line_ += row_[f];
  }
  if (!metrics_.empty()) {
    line_ += line_.size() > 1 ? ",\"metrics\":" : "\"metrics\":";
    line_ += metrics_;
    line_ += ']';
  }
  line_ += "}\n";
  ++run.events;
  sink_.line(run.sink_run, line_);
}

void RowImport::finish() {
  for (Open& run : runs_) {
    RunRecord& record = run.record;
    Totals& totals = record.executed;
    std::array<std::optional<double>*, kFields> into{
        &totals.steps,   &totals.epochs,        &totals.samples, &totals.tokens, &totals.train_s, &totals.eval_s,
        &totals.total_s, &totals.loader_wait_s, &totals.flops,   &totals.joules, nullptr};
    for (size_t f = 0; f < kFields; ++f) {
      if (into[f]) *into[f] = parse_number(run.last[f]);
    }
    if (!totals.steps) record.not_found.emplace_back("step");
    if (!totals.train_s) record.not_found.emplace_back("t_train");
    if (!totals.total_s) record.not_found.emplace_back("t_total");
    if (!record.seed) record.not_found.emplace_back("seed");
    record.not_found.emplace_back("hardware");
    record.status = run.events > 0 ? Status::kOk : Status::kMissing;
    apply(options_, record);
    sink_.end(run.sink_run, std::move(record));
  }
  runs_.clear();
  names_.clear();
}

}  // namespace hasten::evaluate
