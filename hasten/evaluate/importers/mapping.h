// How the columns of a CSV or JSONL file become a run: a TOML file, or one of those that come along.
#pragma once

#include <array>
#include <cstdint>
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
  std::map<std::string, FieldSource> fields;  // step, epoch, samples, tokens, t_train, t_eval, t_total, ... -> column
  std::map<std::string, std::string> metrics;  // column -> "split/name"
  bool other_metrics = true;  // every other column of numbers is a metric named after it
  std::vector<std::string> ignore;  // columns, as globs
  std::string run_column, group_column, seed_column;  // empty: the whole file is one run
  std::string wide_separator;  // columns are "RUN<separator>METRIC"
  std::string long_metric, long_value;  // rows are (run, metric, value)
};

// Names of the mappings that come along, and one of them as TOML.
std::vector<std::string> shipped_mappings();
// `name`: a shipped one or a file; "" takes columns by their usual names. Throws ConfigError with the place in the file.
Mapping read_mapping(const std::string& name);

// What one column is, worked out once.
struct ColumnRole {
  enum class Kind { kIgnored, kField, kMetric } kind = Kind::kIgnored;
  FieldSource source;
  size_t field = 0;  // index into the event's fields; 0 is step
  std::string prefix;  // what comes before the number in an event's line
};
ColumnRole role_of(const Mapping& mapping, const std::string& column);
ColumnRole metric_role(const std::string& column);  // "val_acc": split validation, name acc

// Rows into runs: builds events, keeps what it must know of each open run, and writes the records at the end.
class RowImport {
 public:
  RowImport(const ImportOptions& options, RunSink& sink, std::string source);

  // A row: its cells in any order, then end_row with the run it belongs to. Blank cells and text are passed over.
  void begin_row();
  void add(const ColumnRole& role, std::string_view cell);
  bool has_metrics() const { return !metrics_.empty(); }
  void end_row(std::string_view run, std::string_view group, std::string_view seed);

  void finish();

 private:
  static constexpr size_t kFields = 11;
  struct Open {
    RunRecord record;
    size_t sink_run = 0;
    std::map<std::string, double> first;  // of columns that count from the first row
    std::array<std::string, kFields> last;  // last value of each field, as text
    int64_t events = 0;
  };
  struct Pending {
    const ColumnRole* role;
    double value;
  };
  Open& open(std::string_view name);

  const ImportOptions& options_;
  RunSink& sink_;
  std::string source_;
  std::map<std::string, size_t, std::less<>> names_;
  std::vector<Open> runs_;
  std::string line_, metrics_, scratch_;
  std::array<std::string, kFields> row_;
  std::vector<Pending> pending_;
};

}  // namespace hasten::evaluate
