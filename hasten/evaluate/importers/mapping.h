// How the columns of a CSV or JSONL file become a run: a TOML file, or one of those that come along.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/evaluate/importers/importers.h"
#include "hasten/evaluate/record.h"

namespace hasten::evaluate {

// A field of an event: value * scale, counted from the run's first row if `from_first`.
struct FieldSource {
  std::string column;
  double scale = 1;
  bool from_first = false;
};

struct Mapping {
  std::map<std::string, FieldSource> fields;       // step, epoch, samples, tokens, t_train, t_eval, t_total, ... -> column
  std::map<std::string, std::string> metrics;      // column -> "split/name"
  bool other_metrics = true;                       // every other column of numbers is a metric named after it
  std::vector<std::string> ignore;                 // columns, as globs
  std::string run_column, group_column, seed_column;  // empty: the whole file is one run
  std::string wide_separator;                      // columns are "RUN<separator>METRIC"
  std::string long_metric, long_value;             // rows are (run, metric, value)
};

// Names of the mappings that come along, and one of them as TOML.
std::vector<std::string> shipped_mappings();
// `name`: a shipped one or a file; "" takes columns by their usual names. Throws ConfigError with the place in the file.
Mapping read_mapping(const std::string& name);

// What one column is, worked out once.
struct ColumnRole {
  enum class Kind { kIgnored, kField, kMetric } kind = Kind::kIgnored;
  FieldSource source;
  std::optional<double> EventRecord::*field = nullptr;  // null for a field means step
  std::string split, metric;
};
ColumnRole role_of(const Mapping& mapping, const std::string& column);
void set_field(EventRecord& event, const ColumnRole& role, double value);

// Rows into runs: keeps what it must know of each open run, and writes their records at the end.
class RowImport {
 public:
  RowImport(const Mapping& mapping, const ImportOptions& options, RunSink& sink, std::string source);
  // Starts or finds the run of this name.
  size_t run(std::string_view name);
  void note(size_t run, std::string_view group, std::string_view seed);
  // `first` values of from_first columns are kept per run.
  double from_first(size_t run, const std::string& column, double value);
  void event(size_t run, EventRecord&& event);
  void finish();

 private:
  struct Open {
    RunRecord record;
    size_t sink_run = 0;
    std::map<std::string, double> first;
    EventRecord last;  // totals so far, without metrics
    int64_t events = 0;
  };
  const ImportOptions& options_;
  RunSink& sink_;
  std::string source_;
  std::map<std::string, size_t, std::less<>> names_;
  std::vector<Open> runs_;
};

}  // namespace hasten::evaluate
