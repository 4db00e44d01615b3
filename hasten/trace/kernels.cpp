// Device work by name, and copies with their bandwidth.
#include "hasten/trace/kernels.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "hasten/trace/clamped_sum.h"
#include "hasten/trace/tie_order.h"

namespace hasten::trace {
namespace {

struct Moments {
  size_t count = 0;
  int64_t sum = 0, max = INT64_MIN, min = INT64_MAX;
  double mean = 0, squares = 0;

  void add(int64_t value) {
    ++count;
    sum += value;
    max = std::max(max, value);
    min = std::min(min, value);
    double delta = static_cast<double>(value) - mean;
    mean += delta / static_cast<double>(count);
    squares += delta * (static_cast<double>(value) - mean);
  }
  double std() const { return count < 2 ? 0 : std::sqrt(squares / static_cast<double>(count - 1)); }
};

KernelRow row_of(std::string name, KernelType type, const Moments& m) {
  double mean = m.count == 0 ? 0 : static_cast<double>(m.sum) / static_cast<double>(m.count);
  return {std::move(name), type, m.count, m.sum, m.max, m.min, mean, m.std()};
}

}  // namespace

std::vector<KernelRow> kernels_by_name(const View& view) {
  std::unordered_map<uint64_t, Moments> sums;  // by type and name
  for (size_t i = 0; i < view.size(); ++i) {
    if (view.device[i] != 0) sums[(static_cast<uint64_t>(view.type[i]) << 32) | view.name_id(i)].add(view.dur[i]);
  }
  std::vector<KernelRow> rows;
  for (const auto& [key, moments] : sums) {
    std::string name(view.trace->strings.view(static_cast<uint32_t>(key)));
    rows.push_back(row_of(std::move(name), static_cast<KernelType>(key >> 32), moments));
  }
  std::sort(rows.begin(), rows.end(), [](const KernelRow& a, const KernelRow& b) {
    return a.sum != b.sum ? a.sum > b.sum : a.name != b.name ? a.name < b.name : a.type < b.type;
  });
  return rows;
}

std::vector<KernelRow> kernels_like_hta(const View& view, double duration_ratio, size_t num_kernels) {
  std::vector<KernelRow> all = kernels_by_name(view), table;
  for (KernelType type : {KernelType::kComputation, KernelType::kCommunication, KernelType::kMemory}) {
    std::vector<KernelRow> rows;
    for (const KernelRow& row : all) {
      if (row.type == type) rows.push_back(row);
    }
    if (rows.size() <= num_kernels) {
      table.insert(table.end(), rows.begin(), rows.end());
      continue;
    }
    std::vector<double> running;
    double sum = 0;
    for (const KernelRow& row : rows) running.push_back(sum += static_cast<double>(row.sum));
    std::vector<double> sorted = running;
    std::sort(sorted.begin(), sorted.end());
    double limit = quantile_of_sorted(sorted, duration_ratio);
    Moments others;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (running[i] > limit || i >= num_kernels) {
        others.add(rows[i].sum);
      } else {  // HTA groups a second time: what is left is one number, the sum
        table.push_back({rows[i].name, type, rows[i].count, rows[i].sum, rows[i].sum, rows[i].sum,
                         static_cast<double>(rows[i].sum), 0});
      }
    }
    if (others.count > 0) table.push_back(row_of("others", type, others));
  }
  return table;
}

namespace {

struct Kind {
  CopyRow row;
  std::vector<double> values;
  double running = 0;  // HTA: the bandwidth of all copies of the kind under way
};

// AMD's copies have names of their own, which HTA doesn't know.
std::string copy_label(const View& view, size_t i) {
  struct OfAmd {
    std::string_view name, label;
  };
  constexpr OfAmd kOfAmd[] = {{"CopyHostToDevice", "Memcpy HtoD"},
                              {"CopyDeviceToHost", "Memcpy DtoH"},
                              {"CopyDeviceToDevice", "Memcpy DtoD"},
                              {"CopyHostToHost", "Memcpy HtoH"},
                              {"FillBuffer", "Memset"}};
  std::string_view name = view.name(i);
  if (name.starts_with("Memset")) return "Memset";
  if (view.options.semantics != Semantics::kHta) {
    for (const OfAmd& known : kOfAmd) {
      if (name.starts_with(known.name)) return std::string(known.label);
    }
  }
  return name.starts_with("Memcpy") ? std::string(name.substr(0, 11)) : "Memcpy Unknown";
}

// Bandwidths as HTA's series has them: the sum over the copies of a kind that run, at each change, where it is above 0.
void add_running_bandwidth(const View& view, const std::vector<uint32_t>& rows, std::map<std::string, Kind>& kinds) {
  std::vector<int64_t> times;
  for (uint32_t i : rows) times.push_back(view.ts[i]);
  for (uint32_t i : rows) times.push_back(view.ts[i] + (view.dur[i] == 0 ? 1 : view.dur[i]));  // 0 us count as 1 us
  for (uint32_t e : numpy_order(times)) {
    bool start = e < rows.size();
    uint32_t i = rows[start ? e : e - rows.size()];
    double gb_per_s = view.trace->args.real(Arg::kBandwidth, view.rows[i]).value_or(0.0);
    Kind& kind = kinds[copy_label(view, i)];
    kind.running += start ? gb_per_s : -gb_per_s;
    if (kind.running > 0) kind.values.push_back(kind.running);
  }
}

}  // namespace

std::vector<CopyRow> copies(const View& view) {
  std::map<std::string, Kind> kinds;
  std::vector<uint32_t> rows;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.device[i] == 0 || view.type[i] != KernelType::kMemory) continue;
    rows.push_back(i);
    Kind& kind = kinds[copy_label(view, i)];
    int64_t bytes = view.trace->args.integer(Arg::kBytes, view.rows[i]).value_or(0);
    ++kind.row.count;
    kind.row.ticks += view.dur[i];
    add_clamped(kind.row.bytes, bytes);
    // Exact: of each copy alone, bytes per nanosecond; one without a duration has none.
    bool alone = view.options.semantics != Semantics::kHta && bytes > 0 && view.dur[i] > 0;
    if (alone) kind.values.push_back(static_cast<double>(bytes) / static_cast<double>(view.dur[i]));
  }
  if (view.options.semantics == Semantics::kHta) add_running_bandwidth(view, rows, kinds);
  std::vector<CopyRow> table;
  for (auto& [label, kind] : kinds) {
    kind.row.name = label;
    kind.row.gb_per_s = summarize(kind.values);
    table.push_back(std::move(kind.row));
  }
  return table;
}

}  // namespace hasten::trace
