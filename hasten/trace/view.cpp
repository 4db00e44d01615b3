// The part of a trace that an analysis looks at: rows, times, links between launches and device work, steps.
#include "hasten/trace/view.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/trace/correlation_index.h"
#include "hasten/trace/step_filter.h"
#include "hasten/trace/times.h"

namespace hasten::trace {
namespace {

bool is_sync_name(std::string_view name) { return name == "Event Sync" || name == "Context Sync"; }

class Builder {
 public:
  Builder(const Trace& trace, const ViewOptions& options) : trace_(trace), hta_(options.semantics == Semantics::kHta) {
    view_.trace = &trace;
    view_.options = options;
    view_.tick_ns = hta_ ? 1000 : options.semantics == Semantics::kTraceLens ? 0 : 1;
    find_names();
  }

  View build() {
    choose_rows();
    set_times();
    link();
    if (view_.options.drop_unlinked) drop_unlinked();
    drop_last_step();
    number_steps();
    return std::move(view_);
  }

 private:
  // Per name and per category once, instead of per row.
  void find_names() {
    size_t count = trace_.strings.size();
    step_of_name_.assign(count, -1);
    sync_name_.assign(count, 0);
    type_of_name_.assign(count, 0xff);
    for (uint32_t id = 0; id < count; ++id) {
      std::string_view text = trace_.strings.view(id);
      if (text.starts_with("ProfilerStep")) step_of_name_[id] = step_number(text);
      if (is_sync_name(text)) sync_name_[id] = 1;
    }
  }

  bool tracelens() const { return view_.options.semantics == Semantics::kTraceLens; }

  bool hta_device(uint32_t row) const {
    return (trace_.stream[row] >= 0 && trace_.correlation[row] >= 0) || sync_name_[trace_.name[row]] != 0;
  }

  bool is_work(uint32_t row) const {
    switch (trace_.kind(row)) {
      case Category::kKernel:
      case Category::kMemcpy:
      case Category::kMemset: return true;
      case Category::kAccelerator: return !tracelens();
      case Category::kCollective:
      case Category::kOther: return !tracelens() && trace_.stream[row] >= 0;
      default: return false;
    }
  }

  void choose_rows() {
    std::vector<uint8_t> skip;
    if (hta_) {  // HTA sees complete events only
      skip.assign(trace_.size(), 0);
      for (uint32_t row : trace_.paired) skip[row] = 1;
    }
    view_.rows.reserve(trace_.size());
    for (uint32_t row = 0; row < trace_.size(); ++row) {
      Category kind = trace_.kind(row);
      if (kind == Category::kTrace || (hta_ && (kind == Category::kNone || skip[row] != 0))) continue;
      view_.rows.push_back(row);
    }
  }

  void set_times() {
    size_t n = view_.rows.size();
    view_.ts.resize(n);
    view_.dur.resize(n);
    view_.device.resize(n);
    view_.type.assign(n, KernelType::kOther);
    bool doubles = trace_.fractional || trace_.missing_times;
    double first = n == 0 ? 0 : microseconds_as_double(*std::min_element(trace_.ts_ns.begin(), trace_.ts_ns.end()));
    for (size_t i = 0; i < n; ++i) {
      uint32_t row = view_.rows[i];
      int64_t ts = trace_.ts_ns[row], dur = trace_.dur_ns[row];
      switch (view_.options.semantics) {
        case Semantics::kExact: break;
        case Semantics::kHta: hta_times(doubles, ts, dur); break;
        case Semantics::kTraceLens: {  // microseconds as doubles, and their sum rounded once more
          double start = microseconds_as_double(ts), end = start + microseconds_as_double(dur);
          ts = picoseconds(start - first);
          dur = picoseconds(end - first) - ts;
          break;
        }
      }
      if (!hta_ && dur < 0) {
        dur = 0;
        ++view_.clipped_negative;
      }
      view_.ts[i] = ts;
      view_.dur[i] = dur;
      view_.device[i] = hta_ ? trace_.stream[row] != -1 : is_work(row);
      if (view_.device[i] != 0) view_.type[i] = type_of(row);
    }
  }

  // Times a month apart stop at the range's end: no trace is that long, and a broken one must not overflow.
  static int64_t picoseconds(double us) {
    constexpr double kEnd = 0x1p61;
    return std::llround(std::clamp(us * 1e6, -kEnd, kEnd));
  }

  // HTA reads times as doubles of microseconds and then rounds inwards, so an event can end before it starts.
  static void hta_times(bool doubles, int64_t& ts, int64_t& dur) {
    if (!doubles) {
      ts /= 1000;
      dur /= 1000;
      return;
    }
    double start = microseconds_as_double(ts), end = start + microseconds_as_double(dur);
    ts = static_cast<int64_t>(std::ceil(start));
    dur = static_cast<int64_t>(std::floor(end)) - ts;
  }

  KernelType type_of(uint32_t row) {
    std::string_view name = trace_.name_of(row);
    if (tracelens()) return kernel_type_like_tracelens(trace_.kind(row), name);
    if (!hta_ && trace_.kind(row) != Category::kAccelerator && trace_.kind(row) != Category::kOther)
      return kernel_type_of(trace_.kind(row), name);
    uint8_t& known = type_of_name_[trace_.name[row]];
    if (known == 0xff) known = static_cast<uint8_t>(kernel_type_of_name(name));
    return static_cast<KernelType>(known);
  }

  bool device_side(size_t i) const {
    uint32_t row = view_.rows[i];
    if (hta_) return hta_device(row);
    return view_.device[i] != 0 || trace_.kind(row) == Category::kSync;
  }

  void link() {
    size_t n = view_.rows.size(), on_device = 0, on_host = 0;
    auto launcher = [&](size_t i) {
      return hta_ || view_.kind(i) == Category::kRuntime || view_.kind(i) == Category::kDriver;
    };
    for (size_t i = 0; i < n; ++i) {
      if (view_.correlation(i) >= 0) (device_side(i) ? on_device : on_host) += 1;
    }
    CorrelationIndex host(on_host), device(on_device);
    for (size_t i = 0; i < n; ++i) {
      int64_t correlation = view_.correlation(i);
      if (correlation < 0) continue;
      if (device_side(i)) {
        device.set(correlation, static_cast<int32_t>(i));
      } else if (launcher(i)) {
        host.set(correlation, static_cast<int32_t>(i));
      }
    }
    view_.partner.assign(n, View::kUncorrelated);
    for (size_t i = 0; i < n; ++i) {
      int64_t correlation = view_.correlation(i);
      if (correlation < 0) continue;
      int32_t place = device_side(i) ? host.find(correlation) : device.find(correlation);
      // HTA writes "no partner" as row 0 of the file, so a partner that is row 0 does not count.
      bool none = place < 0 || (hta_ && trace_.index[view_.rows[static_cast<size_t>(place)]] == 0);
      view_.partner[i] = none ? View::kPartnerMissing : place;
    }
  }

  void keep(const std::vector<uint8_t>& kept) {
    std::vector<uint32_t> places;
    for (uint32_t i = 0; i < kept.size(); ++i) {
      if (kept[i] != 0) places.push_back(i);
    }
    select(places);
  }

  template <class T>
  static void pick(std::vector<T>& column, const std::vector<uint32_t>& places) {
    std::vector<T> picked;
    picked.reserve(places.size());
    for (uint32_t i : places) picked.push_back(column[i]);
    column = std::move(picked);
  }

  void select(const std::vector<uint32_t>& places) {
    std::vector<int32_t> moved(view_.size(), View::kPartnerMissing);
    for (size_t k = 0; k < places.size(); ++k) moved[places[k]] = static_cast<int32_t>(k);
    pick(view_.rows, places);
    pick(view_.ts, places);
    pick(view_.dur, places);
    pick(view_.device, places);
    pick(view_.type, places);
    pick(view_.partner, places);
    for (int32_t& partner : view_.partner) {
      if (partner >= 0) partner = moved[static_cast<size_t>(partner)];
    }
  }

  // TraceLens ties a kernel to an operator through the launch that stands inside one; the rest it leaves out by default.
  void drop_unlinked() {
    std::vector<uint8_t> kept(view_.size(), 1), linked = inside_operator();
    for (size_t i = 0; i < view_.size(); ++i) {
      if (view_.device[i] == 0) continue;
      kept[i] = view_.partner[i] >= 0 && linked[static_cast<size_t>(view_.partner[i])] != 0;
      view_.outside_operators += kept[i] == 0;
    }
    keep(kept);
  }

  // For each row on the host, whether an operator on the same lane encloses it.
  std::vector<uint8_t> inside_operator() const {
    std::vector<uint32_t> order;
    for (uint32_t i = 0; i < view_.size(); ++i) {
      Category kind = view_.kind(i);
      if (kind == Category::kCpuOp || kind == Category::kRuntime || kind == Category::kDriver) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      if (view_.lane(a) != view_.lane(b)) return view_.lane(a) < view_.lane(b);
      return view_.ts[a] != view_.ts[b] ? view_.ts[a] < view_.ts[b] : view_.dur[a] > view_.dur[b];
    });
    std::vector<uint8_t> inside(view_.size(), 0);
    int64_t covered = INT64_MIN;
    uint32_t lane = UINT32_MAX;
    for (uint32_t i : order) {
      if (view_.lane(i) != lane) covered = INT64_MIN;
      lane = view_.lane(i);
      if (view_.kind(i) == Category::kCpuOp) {
        covered = std::max(covered, view_.end(i));
      } else {
        inside[i] = view_.ts[i] < covered;
      }
    }
    return inside;
  }

  bool is_step(size_t i) const {
    if (step_of_name_[view_.name_id(i)] < 0) return false;
    return hta_ || view_.kind(i) == Category::kUserAnnotation || view_.kind(i) == Category::kCpuOp;
  }

  void drop_last_step() {
    std::vector<int64_t> names;
    StepTimes times;
    for (size_t i = 0; i < view_.size(); ++i) {
      if (!is_step(i)) continue;
      names.push_back(step_of_name_[view_.name_id(i)]);
      if (hta_ && device_side(i)) continue;
      times.first_start = std::min(times.first_start, view_.ts[i]);
      times.last_start = std::max(times.last_start, view_.ts[i]);
      times.last_end = std::max(times.last_end, view_.end(i));
    }
    std::sort(names.begin(), names.end());
    view_.steps_in_file = std::unique(names.begin(), names.end()) - names.begin();
    for (size_t i = 0; i < view_.size(); ++i) view_.unlinked += view_.device[i] != 0 && view_.partner[i] < 0;
    if (view_.steps_in_file < 2 || tracelens()) return;
    bool mtia = hta_ && is_mtia(trace_);
    std::vector<uint8_t> kept = mtia ? inside_mtia_steps(view_, [&](size_t i) { return is_step(i); })
                                     : before_the_cut(view_, times, [&](size_t i) { return device_side(i); });
    for (size_t i = 0; i < view_.size(); ++i) {
      if (kept[i] != 0) continue;
      ++view_.left_out_last_step;
      view_.unlinked_left_out += view_.device[i] != 0 && view_.partner[i] < 0;
    }
    if (hta_ && !mtia) {
      select(hta_order(kept));
    } else {
      keep(kept);
    }
  }

  // HTA's rows after its filter: device work, then the host. Its results depend on that where events start at the same
  // microsecond.
  std::vector<uint32_t> hta_order(const std::vector<uint8_t>& kept) const {
    std::vector<uint32_t> device, host;
    for (uint32_t i = 0; i < kept.size(); ++i) {
      if (kept[i] != 0) (device_side(i) ? device : host).push_back(i);
    }
    device.insert(device.end(), host.begin(), host.end());
    return device;
  }

  void number_steps() {
    size_t n = view_.size();
    std::vector<Step> found;
    for (size_t i = 0; i < n; ++i) {
      if (is_step(i)) found.push_back({step_of_name_[view_.name_id(i)], view_.ts[i], view_.dur[i]});
    }
    std::vector<Step> sorted = found;
    std::stable_sort(sorted.begin(), sorted.end(), [](const Step& a, const Step& b) { return a.ts < b.ts; });
    bool apart = true;
    for (size_t i = 1; i < sorted.size(); ++i) apart = apart && sorted[i - 1].ts + sorted[i - 1].dur <= sorted[i].ts;
    view_.step.assign(n, -1);
    for (size_t i = 0; i < n; ++i) {
      // Triton's operators carry stream 0: for HTA they are of the host.
      bool of_host = hta_ ? view_.stream(i) < 0 || (view_.stream(i) == 0 && view_.kind(i) == Category::kCpuOp)
                          : view_.device[i] == 0;
      if (!of_host) continue;
      view_.step[i] = step_at(found, sorted, apart, view_.ts[i]);
    }
    for (size_t i = 0; i < n; ++i) {
      bool follows = hta_ ? view_.stream(i) > 0 : view_.device[i] != 0;
      if (follows && view_.partner[i] >= 0) view_.step[i] = view_.step[static_cast<size_t>(view_.partner[i])];
    }
    view_.steps = std::move(sorted);
  }

  // The step that holds a time. Steps that overlap (host and device annotations in HTA's rows): the last in the file.
  static int32_t step_at(const std::vector<Step>& in_file, const std::vector<Step>& sorted, bool apart, int64_t ts) {
    int32_t number = -1;
    if (apart) {
      auto behind =
          std::upper_bound(sorted.begin(), sorted.end(), ts, [](int64_t t, const Step& s) { return t < s.ts; });
      if (behind == sorted.begin()) return -1;
      const Step& step = *std::prev(behind);
      return ts < step.ts + step.dur ? static_cast<int32_t>(step.number) : -1;
    }
    for (const Step& step : in_file) {
      if (step.ts <= ts && ts < step.ts + step.dur) number = static_cast<int32_t>(step.number);
    }
    return number;
  }

  const Trace& trace_;
  bool hta_;
  View view_;
  std::vector<int64_t> step_of_name_;
  std::vector<uint8_t> sync_name_, type_of_name_;
};

}  // namespace

Semantics parse_semantics(std::string_view text) {
  if (text == "exact") return Semantics::kExact;
  if (text == "hta") return Semantics::kHta;
  if (text == "tracelens") return Semantics::kTraceLens;
  throw ConfigError("--semantics", "exact, hta or tracelens", "'" + std::string(text) + "'");
}

std::string_view semantics_name(Semantics semantics) {
  return semantics == Semantics::kExact ? "exact" : semantics == Semantics::kHta ? "hta" : "tracelens";
}

int64_t step_number(std::string_view name) {
  constexpr std::string_view kPrefix = "ProfilerStep";
  if (!name.starts_with(kPrefix)) return -1;
  size_t i = kPrefix.size();
  while (i < name.size() && name[i] == ' ') ++i;
  if (i == name.size() || name[i++] != '#') return -1;
  while (i < name.size() && name[i] == ' ') ++i;
  int64_t number = -1;
  auto [end, error] = std::from_chars(name.data() + i, name.data() + name.size(), number);
  return error == std::errc() ? number : -1;
}

std::vector<uint32_t> View::device_rows() const {
  std::vector<uint32_t> places;
  for (uint32_t i = 0; i < size(); ++i) {
    if (device[i] != 0) places.push_back(i);
  }
  return places;
}

bool View::host(size_t i) const {
  switch (kind(i)) {
    case Category::kSync:
    case Category::kDeviceAnnotation:
    case Category::kProfilerRange:
    case Category::kMarker: return false;
    default: return device[i] == 0;
  }
}

bool View::waits(size_t i) const {
  if (kind(i) != Category::kRuntime && kind(i) != Category::kDriver) return false;
  if (is_blocking(name(i))) return true;
  if (name(i).find("emcpy") == std::string_view::npos || partner[i] < 0) return false;
  int64_t done = end(static_cast<size_t>(partner[i]));
  return done > ts[i] && done <= end(i);
}

View make_view(const Trace& trace, const ViewOptions& options) { return Builder(trace, options).build(); }

}  // namespace hasten::trace
