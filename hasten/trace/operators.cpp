// Host operators: own and device time, patterns, hardware counters.
#include "hasten/trace/operators.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "hasten/base/json.h"
#include "hasten/trace/shapes.h"

namespace hasten::trace {
namespace {

bool is_operator(const View& view, size_t i) { return view.device[i] == 0 && view.kind(i) == Category::kCpuOp; }

// The innermost operator around a host event (itself included); -1: none.
int32_t operator_of(const View& view, const HostNesting& nesting, int32_t place) {
  while (place >= 0 && !is_operator(view, static_cast<size_t>(place)))
    place = nesting.parent[static_cast<size_t>(place)];
  return place;
}

}  // namespace

std::string_view roofline_name(Roofline roofline) {
  return roofline == Roofline::kMath ? "math" : roofline == Roofline::kBandwidth ? "bandwidth" : "unknown";
}

std::optional<DeviceSpeed> known_device(const Trace& trace) {
  struct Known {
    std::string_view part;
    DeviceSpeed speed;  // dense half precision with tensor cores, and memory: the vendors' data sheets
  };
  constexpr Known kKnown[] = {
      {"H200", {989e12, 4.8e12}},  {"H100 PCIe", {756e12, 2.0e12}}, {"H100", {989e12, 3.35e12}},
      {"A100", {312e12, 2.0e12}},  {"V100", {125e12, 0.9e12}},      {"L40S", {362e12, 0.864e12}},
      {"A10G", {70e12, 0.6e12}},   {"T4", {65e12, 0.32e12}},        {"MI300X", {1307e12, 5.3e12}},
      {"MI250", {362e12, 3.2e12}}, {"MI210", {181e12, 1.6e12}}};
  auto devices = trace.metadata.find("deviceProperties");
  if (devices == trace.metadata.end() || !devices->is_array()) return std::nullopt;
  for (const Json& device : *devices) {
    if (!device.is_object()) continue;
    auto name = device.find("name");
    if (name == device.end() || !name->is_string()) continue;
    for (const Known& known : kKnown) {
      if (name->get<std::string>().find(known.part) != std::string::npos) return known.speed;
    }
  }
  return std::nullopt;
}

std::vector<OperatorRow> operators(const View& view, const HostNesting& nesting) {
  std::vector<int64_t> device(view.size(), 0), device_self(view.size(), 0);
  std::vector<uint32_t> kernels(view.size(), 0);
  for (size_t i = 0; i < view.size(); ++i) {
    if (view.device[i] == 0 || view.partner[i] < 0) continue;
    int32_t op = operator_of(view, nesting, view.partner[i]);
    if (op < 0) continue;
    device_self[static_cast<size_t>(op)] += view.dur[i];
    ++kernels[static_cast<size_t>(op)];
    for (int32_t up = op; up >= 0; up = operator_of(view, nesting, nesting.parent[static_cast<size_t>(up)])) {
      device[static_cast<size_t>(up)] += view.dur[i];
    }
  }
  struct Sum {
    OperatorRow row;
    bool all_shapes = true;
  };
  std::unordered_map<uint32_t, Sum> sums;
  for (size_t i = 0; i < view.size(); ++i) {
    if (!is_operator(view, i)) continue;
    Sum& sum = sums[view.name_id(i)];
    ++sum.row.count;
    sum.row.total += view.dur[i];
    sum.row.self += nesting.self[i];
    sum.row.device += device[i];
    sum.row.device_self += device_self[i];
    sum.row.kernels += kernels[i];
    if (auto cost = operator_cost(*view.trace, view.rows[i])) {
      sum.row.flops += cost->flops;
      sum.row.bytes += cost->bytes;
    } else {
      sum.all_shapes = false;
    }
  }
  auto speed = known_device(*view.trace);
  std::vector<OperatorRow> rows;
  for (auto& [name, sum] : sums) {
    sum.row.name = std::string(view.trace->strings.view(name));
    if (!sum.all_shapes) sum.row.flops = sum.row.bytes = 0;
    if (speed && sum.row.bytes > 0) {
      bool math = sum.row.flops / sum.row.bytes > speed->flops_per_s / speed->bytes_per_s;
      sum.row.roofline = math ? Roofline::kMath : Roofline::kBandwidth;
    }
    rows.push_back(std::move(sum.row));
  }
  std::sort(rows.begin(), rows.end(), [](const OperatorRow& a, const OperatorRow& b) {
    return a.device_self != b.device_self ? a.device_self > b.device_self
           : a.self != b.self             ? a.self > b.self
                                          : a.name < b.name;
  });
  return rows;
}

std::vector<AnnotationRow> annotations(const View& view, const HostNesting& nesting) {
  auto annotation = [&](size_t i) { return view.device[i] == 0 && view.kind(i) == Category::kUserAnnotation; };
  std::unordered_map<uint32_t, AnnotationRow> sums;
  AnnotationRow steps;
  std::unordered_map<uint32_t, bool> is_step;
  auto row_of = [&](size_t i) -> AnnotationRow& {
    auto [known, fresh] = is_step.try_emplace(view.name_id(i), false);
    if (fresh) known->second = step_number(view.name(i)) >= 0;
    return known->second ? steps : sums[view.name_id(i)];
  };
  for (size_t i = 0; i < view.size(); ++i) {
    if (annotation(i)) {
      AnnotationRow& row = row_of(i);
      ++row.count;
      row.total += view.dur[i];
      row.self += nesting.self[i];
    } else if (view.device[i] != 0) {
      for (int32_t up = view.partner[i]; up >= 0; up = nesting.parent[static_cast<size_t>(up)]) {
        if (annotation(static_cast<size_t>(up))) row_of(static_cast<size_t>(up)).device += view.dur[i];
      }
    }
  }
  std::vector<AnnotationRow> rows;
  for (auto& [name, row] : sums) {
    row.name = std::string(view.trace->strings.view(name));
    rows.push_back(std::move(row));
  }
  steps.name = "ProfilerStep";
  if (steps.count > 0) rows.push_back(std::move(steps));
  std::sort(rows.begin(), rows.end(), [](const AnnotationRow& a, const AnnotationRow& b) {
    return a.total != b.total ? a.total > b.total : a.name < b.name;
  });
  return rows;
}

std::vector<PatternRow> frequent_patterns(const View& view, std::string_view operator_name, size_t shortest) {
  HostNesting nesting = nest_host_events(view);
  std::vector<int32_t> roots;
  std::vector<int> depths;
  int least = INT32_MAX;
  for (size_t i = 0; i < view.size(); ++i) {
    if (view.device[i] != 0 || view.name(i).find(operator_name) == std::string_view::npos) continue;
    int depth = 0;
    for (int32_t up = nesting.parent[i]; up >= 0; up = nesting.parent[static_cast<size_t>(up)]) ++depth;
    roots.push_back(static_cast<int32_t>(i));
    depths.push_back(depth);
    least = std::min(least, depth);
  }
  std::unordered_map<int32_t, std::vector<uint32_t>> started;  // root -> device events
  for (size_t k = 0; k < roots.size(); ++k) {
    if (depths[k] == least) started.emplace(roots[k], std::vector<uint32_t>());
  }
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.device[i] == 0) continue;
    for (int32_t up = view.partner[i]; up >= 0; up = nesting.parent[static_cast<size_t>(up)]) {
      auto root = started.find(up);
      if (root == started.end()) continue;
      root->second.push_back(i);
      break;
    }
  }
  std::map<std::string, PatternRow> patterns;
  for (auto& [root, work] : started) {
    if (work.size() < shortest) continue;
    std::stable_sort(work.begin(), work.end(), [&](uint32_t a, uint32_t b) { return view.ts[a] < view.ts[b]; });
    std::string pattern(view.name(static_cast<size_t>(root)));
    int64_t device = 0;
    for (uint32_t i : work) {
      pattern += '|';
      pattern += view.name(i);
      device += view.dur[i];
    }
    PatternRow& row = patterns[pattern];
    row.pattern = pattern;
    ++row.count;
    row.device += device;
    row.host += view.dur[static_cast<size_t>(root)];
  }
  std::vector<PatternRow> rows;
  for (auto& [pattern, row] : patterns) rows.push_back(std::move(row));
  std::stable_sort(rows.begin(), rows.end(),
                   [](const PatternRow& a, const PatternRow& b) { return a.count > b.count; });
  return rows;
}

std::vector<CounterRow> counters_with_operators(const View& view) {
  std::vector<uint32_t> ranges, launches;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.kind(i) == Category::kProfilerRange) ranges.push_back(i);
    if (view.kind(i) == Category::kRuntime && view.name(i).starts_with("cudaLaunchKernel")) launches.push_back(i);
  }
  if (ranges.size() != launches.size()) return {};
  auto by_time = [&](uint32_t a, uint32_t b) { return view.ts[a] < view.ts[b]; };
  std::stable_sort(ranges.begin(), ranges.end(), by_time);
  std::stable_sort(launches.begin(), launches.end(), by_time);
  HostNesting nesting = nest_host_events(view);
  std::vector<CounterRow> rows;
  for (size_t k = 0; k < ranges.size(); ++k) {
    CounterRow row;
    row.kernel = std::string(view.name(ranges[k]));
    for (int32_t up = operator_of(view, nesting, static_cast<int32_t>(launches[k])); up >= 0;
         up = operator_of(view, nesting, nesting.parent[static_cast<size_t>(up)])) {
      if (row.bottom_operator.empty()) row.bottom_operator = std::string(view.name(static_cast<size_t>(up)));
      row.top_operator = std::string(view.name(static_cast<size_t>(up)));
    }
    Json args = Json::parse(view.trace->text_arg(Arg::kAll, view.rows[ranges[k]]), nullptr, false);
    if (args.is_object()) {
      for (const auto& [key, value] : args.items()) {
        if (!value.is_number()) continue;
        row.counters.emplace_back(key, value.get<double>());
        bool fma = key.find("fma_pred_on") != std::string::npos, add = key.find("add_pred_on") != std::string::npos;
        bool mul = key.find("mul_pred_on") != std::string::npos;
        if (fma || add || mul) row.flops += (fma ? 2 : 1) * value.get<double>();
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace hasten::trace
