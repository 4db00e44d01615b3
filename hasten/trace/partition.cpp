// The time partition. Device-level: the device is idle when no stream runs anything, whatever each stream by itself does.
#include "hasten/trace/partition.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "hasten/base/error.h"

namespace hasten::trace {
namespace {

Intervals device_of_type(const View& view, KernelType type) {
  Intervals pieces;
  for (size_t i = 0; i < view.size(); ++i) {
    if (view.device[i] != 0 && view.type[i] == type) pieces.push_back({view.ts[i], view.end(i)});
  }
  return merge(std::move(pieces));
}

template <class Keep>
Intervals host_where(const View& view, Keep keep) {
  Intervals pieces;
  for (size_t i = 0; i < view.size(); ++i) {
    Category kind = view.kind(i);
    bool device_side = view.device[i] != 0 || kind == Category::kSync || kind == Category::kDeviceAnnotation ||
                       kind == Category::kProfilerRange;
    if (!device_side && keep(i)) pieces.push_back({view.ts[i], view.end(i)});
  }
  return merge(std::move(pieces));
}

class Divider {
 public:
  explicit Divider(const View& view) : view_(view) {}

  Partition divide() {
    std::vector<uint32_t> work = view_.device_rows();
    if (work.empty()) {
      divide_host();
    } else {
      divide_device(work);
    }
    int64_t sum = 0;
    for (int64_t ns : result_.ns) sum += ns;
    HASTEN_CHECK(sum == result_.wall(), "the parts of the time partition do not sum to the wall time");
    return std::move(result_);
  }

 private:
  void take(Part part, const Intervals& what) {
    result_.ns[static_cast<size_t>(part)] += length(subtract(what, taken_));
    taken_ = unite(taken_, what);
  }

  void divide_device(const std::vector<uint32_t>& work) {
    int64_t host_begin = INT64_MAX, host_end = INT64_MIN;
    result_.begin = INT64_MAX;
    result_.end = INT64_MIN;
    for (uint32_t i : work) {
      result_.begin = std::min(result_.begin, view_.ts[i]);
      result_.end = std::max(result_.end, view_.end(i));
    }
    for (size_t i = 0; i < view_.size(); ++i) {
      host_begin = std::min(host_begin, view_.ts[i]);
      host_end = std::max(host_end, view_.end(i));
    }
    result_.lead_in = result_.begin - host_begin;
    result_.tail = host_end - result_.end;
    take(Part::kCompute, device_of_type(view_, KernelType::kComputation));
    take(Part::kExposedCommunication, device_of_type(view_, KernelType::kCommunication));
    take(Part::kExposedCopy, device_of_type(view_, KernelType::kMemory));
    take(Part::kUnattributed, device_of_type(view_, KernelType::kOther));
    explain_gaps(work);
  }

  // The cause of a gap is what kept the work behind it: it was launched late (and then the host's own waits say why), or
  // it was launched in time and waited.
  void explain_gaps(std::vector<uint32_t> work) {
    std::stable_sort(work.begin(), work.end(), [&](uint32_t a, uint32_t b) { return view_.ts[a] < view_.ts[b]; });
    Intervals data = host_where(view_, [&](size_t i) { return is_data_wait(view_.name(i)); });
    Intervals waits = host_where(view_, [&](size_t i) { return is_blocking(view_.name(i)); });
    size_t next = 0;
    for (const Interval& gap : subtract({{result_.begin, result_.end}}, taken_)) {
      while (next < work.size() && view_.ts[work[next]] < gap.end) ++next;
      // Busy time begins where an event does, and the window ends with one, be it without duration.
      HASTEN_CHECK(next < work.size() && view_.ts[work[next]] == gap.end, "an idle span that no device work ends");
      uint32_t follower = work[next];
      int32_t launch = view_.partner[follower];
      if (launch < 0) {
        give(gap, Part::kIdleUnknown, follower);
        continue;
      }
      auto at = static_cast<size_t>(launch);
      // Until the launch begins the host is late; from then on the work is on its way: the call itself and the queue.
      int64_t called = std::clamp(view_.ts[at], gap.begin, gap.end);
      Intervals late = {{gap.begin, called}};
      if (called > gap.begin) {
        Intervals for_data = intersect(late, near(data, gap));
        Intervals for_device = subtract(intersect(late, near(waits, gap)), for_data);
        give_late({{for_data, Part::kIdleData},
                   {for_device, Part::kIdleSync},
                   {subtract(subtract(late, for_data), for_device), Part::kIdleHostLate}},
                  follower);
      }
      int64_t returned = std::clamp(view_.end(at), called, gap.end);
      if (returned > called) give({called, returned}, Part::kIdleHostLate, follower);
      if (gap.end > returned) give({returned, gap.end}, Part::kIdleDependency, follower);
    }
  }

  // The pieces that touch an interval, without walking all of them.
  static Intervals near(const Intervals& pieces, const Interval& gap) {
    auto first = std::lower_bound(pieces.begin(), pieces.end(), gap.begin,
                                  [](const Interval& piece, int64_t time) { return piece.end <= time; });
    Intervals close;
    for (; first != pieces.end() && first->begin < gap.end; ++first) close.push_back(*first);
    return close;
  }

  void give(const Interval& when, Part cause, uint32_t next) {
    result_.ns[static_cast<size_t>(cause)] += when.end - when.begin;
    // Pieces before one and the same work follow each other without a break.
    if (!result_.gaps.empty() && result_.gaps.back().next == next && result_.gaps.back().cause == cause) return;
    result_.gaps.push_back({when.begin, next, cause});
  }

  // By time: the causes of one span follow each other.
  void give_late(std::initializer_list<std::pair<const Intervals&, Part>> causes, uint32_t next) {
    late_.clear();
    for (const auto& [pieces, cause] : causes) {
      for (const Interval& piece : pieces) late_.emplace_back(piece, cause);
    }
    std::sort(late_.begin(), late_.end(), [](const auto& a, const auto& b) { return a.first.begin < b.first.begin; });
    for (const auto& [piece, cause] : late_) give(piece, cause, next);
  }

  // Without a device: what the host's threads did. Operators count as computation; waiting is what is left of the rest.
  void divide_host() {
    result_.host_only = true;
    if (view_.size() == 0) return;
    result_.begin = INT64_MAX;
    result_.end = INT64_MIN;
    for (size_t i = 0; i < view_.size(); ++i) {
      result_.begin = std::min(result_.begin, view_.ts[i]);
      result_.end = std::max(result_.end, view_.end(i));
    }
    Intervals data = host_where(view_, [&](size_t i) { return is_data_wait(view_.name(i)); });
    Intervals communication = host_where(view_, [&](size_t i) { return is_collective_operator(view_.name(i)); });
    Intervals work = host_where(view_, [&](size_t i) {
      return view_.kind(i) == Category::kCpuOp && !is_collective_operator(view_.name(i)) &&
             !is_data_wait(view_.name(i));
    });
    take(Part::kCompute, subtract(work, unite(data, communication)));
    take(Part::kExposedCommunication, communication);
    take(Part::kIdleData, data);
    Intervals other = host_where(view_, [&](size_t i) {
      return view_.kind(i) != Category::kUserAnnotation && view_.kind(i) != Category::kPython;
    });
    take(Part::kUnattributed, other);
    result_.ns[static_cast<size_t>(Part::kIdleUnknown)] += length(subtract({{result_.begin, result_.end}}, taken_));
  }

  const View& view_;
  Partition result_;
  Intervals taken_;
  std::vector<std::pair<Interval, Part>> late_;  // of one gap; kept for its memory
};

}  // namespace

std::string_view part_name(Part part) {
  constexpr std::string_view kNames[] = {"compute",      "exposed_communication", "exposed_copy",
                                         "unattributed", "idle_host_late",        "idle_synchronization",
                                         "idle_data",    "idle_dependency",       "idle_unknown"};
  return kNames[static_cast<size_t>(part)];
}

std::string_view part_title(Part part) {
  constexpr std::string_view kTitles[] = {
      "compute",         "exposed communication", "exposed copies",         "unattributed device work",
      "idle: host late", "idle: synchronisation", "idle: waiting for data", "idle: dependency or launch latency",
      "idle: unknown"};
  return kTitles[static_cast<size_t>(part)];
}

Interval Partition::gap(const View& view, size_t k) const {
  bool more = k + 1 < gaps.size() && gaps[k + 1].next == gaps[k].next;
  return {gaps[k].begin, more ? gaps[k + 1].begin : view.ts[gaps[k].next]};
}

int64_t Partition::busy() const {
  return of(Part::kCompute) + of(Part::kExposedCommunication) + of(Part::kExposedCopy) + of(Part::kUnattributed);
}

int64_t Partition::idle() const { return wall() - busy(); }

Partition partition_time(const View& view) {
  HASTEN_CHECK(view.options.semantics != Semantics::kHta, "the time partition needs times that are not rounded");
  return Divider(view).divide();
}

}  // namespace hasten::trace
