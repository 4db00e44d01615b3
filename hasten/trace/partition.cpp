// The time partition. Device-level: the device is idle when no stream runs anything, whatever each stream by itself does.
#include "hasten/trace/partition.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <unordered_map>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/trace/streams.h"

namespace hasten::trace {
namespace {

Intervals pieces_of_type(const View& view, const std::vector<uint32_t>& work, KernelType type) {
  Intervals pieces;
  for (uint32_t i : work) {
    if (view.type[i] == type) pieces.push_back({view.ts[i], view.end(i)});
  }
  return merge(std::move(pieces));
}

// What a thread waited for, merged each.
struct ThreadWaits {
  Intervals data, calls;
};

// What a thread did, where there is no device.
struct ThreadTime {
  Intervals work, communication, data;
};

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
      if (view_.kind(i) == Category::kMarker) continue;
      host_begin = std::min(host_begin, view_.ts[i]);
      host_end = std::max(host_end, view_.end(i));
    }
    result_.lead_in = result_.begin - host_begin;
    result_.tail = host_end - result_.end;
    index_waits();
    for (auto& [device, rows] : by_device(work)) {
      result_.devices.push_back({device, result_.gaps.size()});
      taken_.clear();
      take(Part::kCompute, pieces_of_type(view_, rows, KernelType::kComputation));
      take(Part::kExposedCommunication, pieces_of_type(view_, rows, KernelType::kCommunication));
      take(Part::kExposedCopy, pieces_of_type(view_, rows, KernelType::kMemory));
      take(Part::kUnattributed, pieces_of_type(view_, rows, KernelType::kOther));
      explain_gaps(rows);
    }
  }

  // TraceLens looks at all devices of a file as one. Work that does not say its device counts for the first one.
  std::map<int64_t, std::vector<uint32_t>> by_device(const std::vector<uint32_t>& work) const {
    std::map<int64_t, std::vector<uint32_t>> devices;
    if (view_.options.semantics == Semantics::kTraceLens) {
      devices[-1] = work;
      return devices;
    }
    std::vector<uint32_t> unsaid;
    for (uint32_t i : work) {
      bool said = view_.trace->args.integer(Arg::kDevice, view_.rows[i]).has_value();
      (said ? devices[stream_of(view_, i).device] : unsaid).push_back(i);
    }
    if (devices.empty()) {  // a file that never says it: by the lines of its timeline
      for (uint32_t i : unsaid) devices[stream_of(view_, i).device].push_back(i);
    } else if (!unsaid.empty()) {
      std::vector<uint32_t>& first = devices.begin()->second;
      first.insert(first.end(), unsaid.begin(), unsaid.end());
      std::sort(first.begin(), first.end());
    }
    return devices;
  }

  void index_waits() {
    for (size_t i = 0; i < view_.size(); ++i) {
      if (!view_.host(i)) continue;
      if (is_data_wait(view_.kind(i), view_.name(i))) {
        waits_[view_.lane(i)].data.push_back({view_.ts[i], view_.end(i)});
      } else if (view_.waits(i)) {
        waits_[view_.lane(i)].calls.push_back({view_.ts[i], view_.end(i)});
      }
    }
    for (auto& [lane, waits] : waits_) {
      waits.data = merge(std::move(waits.data));
      waits.calls = merge(std::move(waits.calls));
    }
  }

  // The cause of a gap is what kept the work behind it: it was launched late (and then the waits of the thread that
  // launched it say why), or it was launched in time and waited.
  void explain_gaps(std::vector<uint32_t>& work) {
    std::stable_sort(work.begin(), work.end(), [&](uint32_t a, uint32_t b) { return view_.ts[a] < view_.ts[b]; });
    size_t next = 0;
    for (const Interval& gap : subtract({{result_.begin, result_.end}}, taken_)) {
      while (next < work.size() && view_.ts[work[next]] < gap.end) ++next;
      if (next == work.size() && gap.end == result_.end) {  // only another device has more to do
        give(gap, Part::kIdleUnknown, Gap::kNothing);
        continue;
      }
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
      if (called > gap.begin) explain_late({gap.begin, called}, view_.lane(at), follower);
      int64_t returned = std::clamp(view_.end(at), called, gap.end);
      if (returned > called) give({called, returned}, Part::kIdleHostLate, follower);
      if (gap.end > returned) give({returned, gap.end}, Part::kIdleDependency, follower);
    }
  }

  void explain_late(const Interval& when, uint32_t lane, uint32_t follower) {
    auto found = waits_.find(lane);
    if (found == waits_.end()) return give(when, Part::kIdleHostLate, follower);
    const auto& [data, calls] = found->second;
    Intervals late = {when};
    Intervals for_data = intersect(late, near(data, when));
    Intervals waited = near(calls, when);
    // A call that waited when the device ran dry kept its thread from queueing ahead. What it took is missing now.
    auto behind = std::lower_bound(calls.begin(), calls.end(), when.begin,
                                   [](const Interval& call, int64_t time) { return call.begin < time; });
    if (behind != calls.begin()) {
      const Interval& call = *std::prev(behind);
      if (call.end >= when.begin)
        waited.push_back({when.begin, std::min(when.end, when.begin + call.end - call.begin)});
    }
    Intervals for_device = subtract(intersect(late, merge(std::move(waited))), for_data);
    give_late({{for_data, Part::kIdleData},
               {for_device, Part::kIdleSync},
               {subtract(subtract(late, for_data), for_device), Part::kIdleHostLate}},
              follower);
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
    bool same = !result_.gaps.empty() && result_.gaps.back().next == next && result_.gaps.back().cause == cause;
    if (same && next != Gap::kNothing) return;
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
    // What an operator does inside of another counts for that one, but only on its own thread.
    std::map<uint32_t, ThreadTime> threads;
    Intervals other;
    for (size_t i = 0; i < view_.size(); ++i) {
      if (!view_.host(i)) continue;
      Category kind = view_.kind(i);
      Interval when{view_.ts[i], view_.end(i)};
      if (kind != Category::kUserAnnotation && kind != Category::kPython) other.push_back(when);
      if (is_collective_operator(view_.name(i))) {
        threads[view_.lane(i)].communication.push_back(when);
      } else if (is_data_wait(kind, view_.name(i))) {
        threads[view_.lane(i)].data.push_back(when);
      } else if (kind == Category::kCpuOp) {
        threads[view_.lane(i)].work.push_back(when);
      }
    }
    Intervals work, communication, data;
    auto append = [](Intervals& all, const Intervals& more) { all.insert(all.end(), more.begin(), more.end()); };
    for (auto& [lane, thread] : threads) {
      append(work, subtract(merge(std::move(thread.work)), unite(thread.communication, thread.data)));
      append(communication, thread.communication);
      append(data, thread.data);
    }
    take(Part::kCompute, merge(std::move(work)));
    take(Part::kExposedCommunication, merge(std::move(communication)));
    take(Part::kIdleData, merge(std::move(data)));
    take(Part::kUnattributed, merge(std::move(other)));
    result_.ns[static_cast<size_t>(Part::kIdleUnknown)] += length(subtract({{result_.begin, result_.end}}, taken_));
  }

  const View& view_;
  Partition result_;
  Intervals taken_;  // of one device
  std::unordered_map<uint32_t, ThreadWaits> waits_;  // by lane
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
  if (gaps[k].next == Gap::kNothing) return {gaps[k].begin, end};
  bool more = k + 1 < gaps.size() && gaps[k + 1].next == gaps[k].next;
  return {gaps[k].begin, more ? gaps[k + 1].begin : view.ts[gaps[k].next]};
}

int64_t Partition::busy() const {
  return of(Part::kCompute) + of(Part::kExposedCommunication) + of(Part::kExposedCopy) + of(Part::kUnattributed);
}

int64_t Partition::idle() const { return wall() - busy(); }

std::string idle_label(const View& view, const Partition& partition, size_t device) {
  if (partition.devices.size() < 2) return "device idle";
  return "device " + stream_part(view, partition.devices[device].number) + " idle";
}

Partition partition_time(const View& view) {
  HASTEN_CHECK(view.options.semantics != Semantics::kHta, "the time partition needs times that are not rounded");
  return Divider(view).divide();
}

}  // namespace hasten::trace
