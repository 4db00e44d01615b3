// How the columns of a CSV or JSONL file become a run: a TOML file, or one of those that come along.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/evaluate/importers/importers.h"
#include "hasten/evaluate/record.h"

namespace hasten::evaluate {

// A field of an event: value * scale, counted from the run's least one if `from_first`.
struct FieldSource {
  std::string column;
  double scale = 1;
  bool from_first = false;
};

struct Mapping {
  std::map<std::string, FieldSource> fields;  // step, epoch, samples, tokens, t_train, t_eval, t_total, ... -> column
  std::map<std::string, std::string> metrics;  // column -> "split/name"
  bool other_metrics = true;  // every other column of numbers is a metric named after it
  std::vector<std::string> ignore;  // columns, as globs
  std::string run_column, group_column, seed_column;  // empty: the whole file is one run
  std::string kind_column;  // says standard or cyclic (see PointKind)
  std::map<std::string, std::string> planned;  // steps, epochs, samples, tokens, seconds -> column: the planned budget
  std::map<std::string, std::string> only;  // column -> text: rows that have another one there are passed over
  std::string wide_separator;  // columns are "RUN<separator>METRIC"
  std::string long_metric, long_value;  // rows are (run, metric, value)
};

// Names of the mappings that come along, and one of them as TOML.
std::vector<std::string> shipped_mappings();
// `name`: a shipped one or a file; "" takes columns by their usual names. Throws ConfigError with the place in the file.
Mapping read_mapping(const std::string& name);

// Fields of an event in the order of ColumnRole::field.
constexpr std::array<std::string_view, 11> kFieldNames{
    "step", "epoch", "samples", "tokens", "t_train", "t_eval", "t_total", "loader_wait", "flops", "joules", "lr"};

// Budgets that a column can say, in the order of RowImport::plan.
constexpr std::array<std::string_view, 5> kPlannedNames{"steps", "epochs", "samples", "tokens", "seconds"};

// Whether `column` is one of the names that are given with "|" between.
bool is_one_of(const std::string& column, const std::string& alternatives);

// What one column is, worked out once.
struct ColumnRole {
  enum class Kind { kIgnored, kField, kMetric } kind = Kind::kIgnored;
  FieldSource source;
  size_t field = 0;  // index into the event's fields; 0 is step
  std::string prefix;  // of a metric: what comes before the number in an event's line
};
ColumnRole role_of(const Mapping& mapping, const std::string& column);
ColumnRole metric_role(const std::string& column);  // "val_acc": split validation, name acc
// What stands before a metric's number in an event's line.
std::string metric_prefix(const std::string& split, const std::string& metric);

}  // namespace hasten::evaluate
