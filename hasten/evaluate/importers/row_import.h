// Rows of numbers into runs: each row becomes one line of a record, built once and copied once.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/evaluate/importers/mapping.h"
#include "hasten/evaluate/importers/number_text.h"

namespace hasten::evaluate {

// Builds events, keeps what it must know of each open run, and writes the records at the end. Rows become events at
// once, unless the mapping forbids it: rows of one metric each are joined by step, and a clock that counts from its first
// time needs the least one. Such rows wait, as many as a bounded piece of memory holds.
class RowImport {
 public:
  RowImport(const Mapping& mapping, const ImportOptions& options, RunSink& sink, std::string source);

  // A row: its cells in any order, then end_row with the run it belongs to. Blank cells and text are passed over. Cells must
  // live until end_row.
  void begin_row();
  void add(const ColumnRole& role, std::string_view cell);
  // The planned budget of the row's run, by its place in kPlannedNames.
  void plan(size_t amount, std::string_view cell);
  bool has_metrics() const { return end_ > kHead || !waiting_.metrics.empty(); }
  void end_row(std::string_view run, std::string_view group, std::string_view seed, std::string_view kind);

  void finish();

 private:
  static constexpr size_t kFields = kFieldNames.size();
  static constexpr size_t kHead = 1024;  // room for all fields, which come before the metrics
  using Number = std::array<char, kLongestNumber + 1>;
  // A row that waits for others: fields as the column has them.
  struct Waiting {
    uint32_t present = 0;
    std::array<double, kFields> raw{};
    std::vector<std::pair<const ColumnRole*, double>> metrics;
  };
  struct Open {
    std::string name, group, seed, kind;  // as rows gave them
    RunRecord record;
    size_t sink_run = 0;
    std::array<double, kFields> least{};  // of columns that count from it
    std::deque<Waiting> waiting;
    bool in_parts = false;  // rows became events before all of them were seen
    std::array<Number, kFields> last{};  // last value of each field, as text
    std::array<uint8_t, kFields> last_size{};
    int64_t events = 0;
  };
  struct Pending {
    size_t field;
    double value;
  };
  Open& open(std::string_view name, std::string_view group);
  Open& begin(std::string_view name, std::string_view group);
  void add_other(const ColumnRole& role, std::string_view cell);
  void add_metric(std::string_view prefix, std::string_view number);
  void settle(const Open& run);
  void write(Open& run);
  void wait(Open& run);
  void release(Open& run);
  static void join_steps(std::deque<Waiting>& rows);
  void put(size_t field, std::string_view number);

  std::array<FieldSource, kFields> sources_;
  bool joins_, waits_;
  Waiting waiting_;
  size_t waiting_bytes_ = 0;
  const ImportOptions& options_;
  RunSink& sink_;
  std::string source_;
  std::map<std::string, std::vector<Open*>, std::less<>> names_;  // runs of one name differ in their group
  std::deque<Open> runs_;
  Open* latest_ = nullptr;
  std::string line_;  // the metrics from kHead on, the fields before it once they are known
  size_t end_ = kHead;
  std::array<std::string_view, kFields> row_;
  uint32_t present_ = 0;  // bits: fields that the row has
  std::array<std::string, kFields> computed_;
  std::vector<Pending> pending_;
  std::vector<std::pair<size_t, std::string_view>> planned_;
  std::string scratch_;
};

}  // namespace hasten::evaluate
