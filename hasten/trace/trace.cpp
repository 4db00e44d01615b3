// One rank's trace in memory: categories, repairs, and what the metadata says.
#include "hasten/trace/trace.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <new>
#include <utility>

namespace hasten::trace {
namespace {

struct Named {
  std::string_view text;
  Category category;
};

constexpr Named kCategories[] = {
    {"cpu_op", Category::kCpuOp},
    {"Operator", Category::kCpuOp},
    {"user_annotation", Category::kUserAnnotation},
    {"gpu_user_annotation", Category::kDeviceAnnotation},
    {"gpu_memcpy", Category::kMemcpy},
    {"Memcpy", Category::kMemcpy},
    {"gpu_memset", Category::kMemset},
    {"Memset", Category::kMemset},
    {"kernel", Category::kKernel},
    {"Kernel", Category::kKernel},
    {"cuda_runtime", Category::kRuntime},
    {"Runtime", Category::kRuntime},
    {"mtia_runtime", Category::kRuntime},
    {"xpu_runtime", Category::kRuntime},
    {"hip_runtime", Category::kRuntime},
    {"privateuse1_runtime", Category::kRuntime},
    {"cuda_driver", Category::kDriver},
    {"xpu_driver", Category::kDriver},
    {"privateuse1_driver", Category::kDriver},
    {"python_function", Category::kPython},
    {"overhead", Category::kOverhead},
    {"cuda_sync", Category::kSync},
    {"xpu_sync", Category::kSync},
    {"mtia_ccp_events", Category::kAccelerator},
    {"hpu_op", Category::kAccelerator},
    {"collective_comm", Category::kCollective},
    {"cuda_profiler_range", Category::kProfilerRange},
    {"Trace", Category::kTrace},
    {"cuda_event", Category::kMarker},
    {"hardware_counters", Category::kMarker},
    {"gpu_pm_counter", Category::kMarker},
    {"external_correlation", Category::kMarker},
    {"cpu_instant_event", Category::kMarker},
};

constexpr std::string_view kRepairTexts[] = {
    "events without a time, left out",
    "events whose time or duration is not a number, left out",
    "complete events without a duration, left out",
    "elements of traceEvents that are not objects, left out",
    "times with digits below a nanosecond, rounded",
    "negative durations, taken as 0 (--semantics exact)",
    "numbers written as text, read as numbers",
    "arguments that should be numbers and are not, left out",
    "bytes that are not UTF-8, read as '?'",
    "byte order mark before the text, left out",
    "control characters in texts, read as spaces",
    "wrong escapes in texts, kept as written",
    "begin or end events without a partner, left out",
    "begin and end events, joined",
    "args that are not objects, left out",
    "metadata values that cannot be read, left out",
    "torn end of the file: the last, incomplete event left out",
    "complete events without a category",
    "complete events without a name",
    "counter samples, not used",
    "events with an unknown phase, left out",
    "device events that share a correlation with another; all kept, each linked to its launch",
};
static_assert(std::size(kRepairTexts) == static_cast<size_t>(Repair::kCount));

}  // namespace

Category category_of(std::string_view cat) {
  if (cat.empty()) return Category::kNone;
  for (const Named& named : kCategories) {
    if (named.text == cat) return named.category;
  }
  return Category::kOther;
}

std::string_view repair_text(Repair repair) { return kRepairTexts[static_cast<size_t>(repair)]; }

bool is_drop(Repair repair) {
  switch (repair) {
    case Repair::kNoTime:
    case Repair::kBadTime:
    case Repair::kNoDuration:
    case Repair::kNotAnObject:
    case Repair::kUnpairedBegin:
    case Repair::kTornEnd:
    case Repair::kUnknownPhase: return true;
    default: return false;
  }
}

void Repairs::add(Repair repair, int64_t offset, int64_t count) {
  auto i = static_cast<size_t>(repair);
  if (counts_[i] == 0) first_[i] = offset;
  counts_[i] += count;
}

int64_t Repairs::dropped() const {
  int64_t sum = 0;
  for (size_t i = 0; i < static_cast<size_t>(Repair::kCount); ++i) {
    if (is_drop(static_cast<Repair>(i))) sum += counts_[i];
  }
  return sum;
}

std::string_view Trace::text_arg(Arg arg, uint32_t row) const {
  auto id = args.text(arg, row);
  return id ? strings.view(*id) : std::string_view();
}

namespace {

int64_t distributed(const Json& metadata, const char* key, int64_t otherwise) {
  auto info = metadata.find("distributedInfo");
  if (info == metadata.end() || !info->is_object()) return otherwise;
  auto value = info->find(key);
  if (value == info->end()) return otherwise;
  if (value->is_string()) {  // "rank": "3"
    const auto& text = value->get_ref<const std::string&>();
    int64_t number = otherwise;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : otherwise;
  }
  return value->is_number_integer() ? value->get<int64_t>() : otherwise;
}

}  // namespace

int Trace::rank() const {
  int64_t rank = distributed(metadata, "rank", -1);
  return rank < 0 || rank > std::numeric_limits<int>::max() ? -1 : static_cast<int>(rank);
}

int Trace::world_size() const { return static_cast<int>(distributed(metadata, "world_size", -1)); }

int64_t Trace::base_ns() const {
  auto base = metadata.find("baseTimeNanoseconds");
  return base != metadata.end() && base->is_number_integer() ? base->get<int64_t>() : 0;
}

namespace {

template <class T>
void keep(std::vector<T>& column, const std::vector<uint32_t>& rows) {
  for (size_t i = 0; i < rows.size(); ++i) column[i] = column[rows[i]];
  column.resize(rows.size());
}

}  // namespace

void Trace::reserve(double times) {
  auto grow = [&](auto& column) { column.reserve(static_cast<size_t>(static_cast<double>(column.size()) * times)); };
  try {
    grow(ts_ns);
    grow(dur_ns);
    grow(name);
    grow(lane);
    grow(index);
    grow(stream);
    grow(correlation);
    grow(category);
    grow(memory);
    args.reserve(times);
  } catch (const std::bad_alloc&) {  // a guess that is too large is no reason to stop
  }
}

void Trace::forget_times() {
  ts_ns = {};
  dur_ns = {};
}

void Trace::keep_rows(const std::vector<uint32_t>& rows) {
  keep(ts_ns, rows);
  keep(dur_ns, rows);
  keep(name, rows);
  keep(lane, rows);
  keep(index, rows);
  keep(stream, rows);
  keep(correlation, rows);
  keep(category, rows);
  args.keep_rows(rows);
  std::vector<uint32_t> still;
  std::sort(paired.begin(), paired.end());
  for (uint32_t row : paired) {
    auto at = std::lower_bound(rows.begin(), rows.end(), row);
    if (at != rows.end() && *at == row) still.push_back(static_cast<uint32_t>(at - rows.begin()));
  }
  paired = std::move(still);
}

}  // namespace hasten::trace
