// Mappings: reading them, and the three that come along.
#include "hasten/evaluate/importers/mapping.h"

#include <algorithm>
#include <array>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
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

// Reads a mapping and refuses what it does not know, with the line.
class MappingReader {
 public:
  MappingReader(const std::string& text, std::string source) : source_(std::move(source)) {
    parse_toml(text, "mapping", source_, json_, lines_);
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
      } else if (key == "planned") {
        read_planned(value, mapping);
      } else if (key == "rows") {
        read_rows(value, mapping);
      } else {
        fail(key, "one of wide, ignore, other_metrics, fields, metrics, planned, rows", value);
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
  void read_planned(const Json& planned, Mapping& mapping) const {
    for (const auto& [key, value] : planned.items()) {
      if (std::find(kPlannedNames.begin(), kPlannedNames.end(), key) == kPlannedNames.end())
        fail("planned." + key, "one of " + join({kPlannedNames.begin(), kPlannedNames.end()}, ", "), value);
      mapping.planned[key] = join(texts(value, "planned." + key), "|");
    }
  }
  void read_rows(const Json& rows, Mapping& mapping) const {
    for (const auto& [key, value] : rows.items()) {
      if (key == "only") {
        if (!value.is_object()) fail("rows.only", "a table of columns and their text", value);
        for (const auto& [column, wanted] : value.items()) mapping.only[column] = text(wanted, "rows.only." + column);
        continue;
      }
      std::string columns = join(texts(value, "rows." + key), "|");
      if (key == "run") mapping.run_column = columns;
      else if (key == "group") mapping.group_column = columns;
      else if (key == "seed") mapping.seed_column = columns;
      else if (key == "kind") mapping.kind_column = columns;
      else if (key == "metric") mapping.long_metric = columns;
      else if (key == "value") mapping.long_value = columns;
      else fail("rows." + key, "run, group, seed, kind, metric, value or only", value);
    }
  }

  std::string source_;
  Json json_;
  TomlLines lines_;
};

}  // namespace

std::string metric_prefix(const std::string& split, const std::string& metric) {
  std::string prefix = "{\"name\":";
  append_json_text(metric, prefix);
  if (!split.empty()) {
    prefix += ",\"split\":";
    append_json_text(split, prefix);
  }
  return prefix + ",\"value\":";
}

bool is_one_of(const std::string& column, const std::string& alternatives) {
  if (alternatives.empty()) return false;
  auto names = split(alternatives, '|');
  return std::find(names.begin(), names.end(), column) != names.end();
}

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
  if (mapping.only.count(column) > 0) return role;
  for (const auto& [amount, used] : mapping.planned) {
    if (is_one_of(column, used)) return role;
  }
  for (const std::string* used : {&mapping.run_column, &mapping.group_column, &mapping.seed_column,
                                  &mapping.kind_column, &mapping.long_metric, &mapping.long_value}) {
    if (is_one_of(column, *used)) return role;
  }
  return mapping.other_metrics && !column.empty() ? metric_role(column) : role;
}

}  // namespace hasten::evaluate
