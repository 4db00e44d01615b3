// Host operators: own and device time, patterns, hardware counters.
#include "hasten/trace/operators.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <unordered_map>

#include "hasten/base/json.h"

namespace hasten::trace {
namespace {

bool is_operator(const View& view, size_t i) { return view.device[i] == 0 && view.kind(i) == Category::kCpuOp; }

// The innermost operator around a host event (itself included); -1: none.
int32_t operator_of(const View& view, const HostNesting& nesting, int32_t place) {
  while (place >= 0 && !is_operator(view, static_cast<size_t>(place)))
    place = nesting.parent[static_cast<size_t>(place)];
  return place;
}

struct KnownDevice {
  std::vector<std::string_view> words;  // of the name
  DeviceSpeed speed;
};

// The more special ones first.
const std::vector<KnownDevice>& known_devices() {
  static const std::vector<KnownDevice> devices = {{{"GH200"}, {989e12, 67e12, 34e12, 4.0e12}},
                                                   {{"H200"}, {989e12, 67e12, 34e12, 4.8e12}},
                                                   {{"H100", "PCIe"}, {756e12, 51e12, 26e12, 2e12}},
                                                   {{"H100", "NVL"}, {835e12, 60e12, 30e12, 3.9e12}},
                                                   {{"H100"}, {989e12, 67e12, 34e12, 3.35e12}},
                                                   {{"A100"}, {312e12, 19.5e12, 9.7e12, 2e12}},
                                                   {{"V100"}, {125e12, 15.7e12, 7.8e12, 0.9e12}},
                                                   {{"L40S"}, {362e12, 91.6e12, 0, 0.864e12}},
                                                   {{"A10G"}, {70e12, 35e12, 0, 0.6e12}},
                                                   {{"T4"}, {65e12, 8.1e12, 0, 0.32e12}},
                                                   {{"MI300X"}, {1307e12, 163.4e12, 81.7e12, 5.3e12}},
                                                   {{"MI250X"}, {383e12, 47.9e12, 47.9e12, 3.2e12}},
                                                   {{"MI250"}, {362e12, 45.3e12, 45.3e12, 3.2e12}},
                                                   {{"MI210"}, {181e12, 22.6e12, 22.6e12, 1.6e12}}};
  return devices;
}

// "NVIDIA A100-SXM4-80GB" -> NVIDIA, A100, SXM4, 80GB.
std::vector<std::string_view> words_of(std::string_view name) {
  std::vector<std::string_view> words;
  for (size_t at = 0; at < name.size();) {
    size_t begin = at;
    while (at < name.size() && std::isalnum(static_cast<unsigned char>(name[at])) != 0) ++at;
    if (at > begin) words.push_back(name.substr(begin, at - begin));
    else ++at;
  }
  return words;
}

}  // namespace

double DeviceSpeed::flops_per_s(Precision precision) const {
  switch (precision) {
    case Precision::kHalf: return half_flops_per_s;
    case Precision::kSingle: return single_flops_per_s;
    case Precision::kDouble: return double_flops_per_s;
    case Precision::kOther: break;
  }
  return 0;
}

std::string_view roofline_name(Roofline roofline) {
  return roofline == Roofline::kMath ? "math" : roofline == Roofline::kBandwidth ? "bandwidth" : "unknown";
}

std::optional<DeviceSpeed> known_device(const Trace& trace) {
  auto devices = trace.metadata.find("deviceProperties");
  if (devices == trace.metadata.end() || !devices->is_array()) return std::nullopt;
  for (const Json& device : *devices) {
    if (!device.is_object()) continue;
    auto name = device.find("name");
    if (name == device.end() || !name->is_string()) continue;
    std::vector<std::string_view> words = words_of(name->get_ref<const std::string&>());
    for (const KnownDevice& known : known_devices()) {
      bool all = std::all_of(known.words.begin(), known.words.end(), [&](std::string_view word) {
        return std::find(words.begin(), words.end(), word) != words.end();
      });
      if (all) return known.speed;
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
    double math_s = 0;  // of its arithmetic at the device's peak
    bool all_shapes = true, all_peaks = true;
  };
  auto speed = known_device(*view.trace);
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
      double peak = speed ? speed->flops_per_s(cost->precision) : 0;
      if (peak > 0) sum.math_s += cost->flops / peak;
      else sum.all_peaks = false;
    } else {
      sum.all_shapes = false;
    }
  }
  std::vector<OperatorRow> rows;
  for (auto& [name, sum] : sums) {
    sum.row.name = std::string(view.trace->strings.view(name));
    if (!sum.all_shapes) sum.row.flops = sum.row.bytes = 0;
    if (speed && sum.all_peaks && sum.row.bytes > 0) {
      bool math = sum.math_s > sum.row.bytes / speed->bytes_per_s;
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

namespace {

// Calls that started a kernel. A profiler of counters may leave the kernels themselves out: then those whose name says so.
std::vector<uint32_t> kernel_launches(const View& view) {
  std::vector<uint32_t> started, named;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.kind(i) != Category::kRuntime && view.kind(i) != Category::kDriver) continue;
    int32_t work = view.partner[i];
    if (work >= 0 && view.kind(static_cast<size_t>(work)) == Category::kKernel) started.push_back(i);
    std::string_view name = view.name(i);
    bool launch = name.find("LaunchKernel") != std::string_view::npos ||
                  name.find("LaunchCooperativeKernel") != std::string_view::npos;
    if (launch) named.push_back(i);
  }
  return started.empty() ? named : started;
}

}  // namespace

std::vector<CounterRow> counters_with_operators(const View& view) {
  std::vector<uint32_t> ranges, launches = kernel_launches(view);
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.kind(i) == Category::kProfilerRange) ranges.push_back(i);
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
