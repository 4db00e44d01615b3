// A critical path that accounts for every nanosecond of the window.
#include "hasten/trace/critical_path.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "hasten/base/error.h"
#include "hasten/trace/intervals.h"
#include "hasten/trace/streams.h"

namespace hasten::trace {
namespace {

struct Lane {
  Intervals covered;                // work of the host, merged
  Intervals data;                   // waits for data, merged
  std::vector<uint32_t> blocking;   // calls that wait, by end
};

class Walker {
 public:
  Walker(const View& view, int64_t begin, int64_t end) : view_(view) {
    path_.begin = begin;
    path_.end = end;
    index_host();
    index_device();
  }

  CriticalPath walk() {
    now_ = path_.end;
    start();
    for (int still = 0; now_ > path_.begin;) {
      int64_t before = now_;
      if (device_ >= 0) {
        step_device();
      } else {
        step_host();
      }
      still = now_ < before ? 0 : still + 1;  // going to another thread or to the device takes a step, but no time
      HASTEN_CHECK(still < 8, "the critical path does not move");
    }
    std::reverse(path_.segments.begin(), path_.segments.end());
    int64_t sum = 0;
    for (int64_t ticks : path_.ticks) sum += ticks;
    HASTEN_CHECK(sum == path_.end - path_.begin, "the critical path does not cover its window");
    return std::move(path_);
  }

 private:
  void index_host() {
    std::unordered_map<uint32_t, Intervals> pieces;
    for (uint32_t i = 0; i < view_.size(); ++i) {
      Category kind = view_.kind(i);
      bool work = kind == Category::kCpuOp || kind == Category::kRuntime || kind == Category::kDriver ||
                  kind == Category::kPython || kind == Category::kOverhead;
      if (view_.device[i] != 0 || view_.dur[i] <= 0) continue;
      if (view_.host(i) && is_data_wait(kind, view_.name(i)))
        lanes_[view_.lane(i)].data.push_back({view_.ts[i], view_.end(i)});
      if (!work) continue;
      pieces[view_.lane(i)].push_back({view_.ts[i], view_.end(i)});
      if (view_.waits(i)) lanes_[view_.lane(i)].blocking.push_back(i);
    }
    for (auto& [lane, list] : pieces) lanes_[lane].covered = merge(std::move(list));
    for (auto& [id, lane] : lanes_) {
      lane.data = merge(std::move(lane.data));
      std::sort(lane.blocking.begin(), lane.blocking.end(),
                [&](uint32_t a, uint32_t b) { return view_.end(a) < view_.end(b); });
    }
  }

  void index_device() {
    std::map<StreamId, std::vector<uint32_t>> streams;
    before_.assign(view_.size(), -1);
    for (uint32_t i = 0; i < view_.size(); ++i) {
      if (view_.device[i] == 0 || view_.dur[i] <= 0) continue;
      by_end_.push_back(i);
      streams[stream_of(view_, i)].push_back(i);
    }
    auto ends_first = [&](uint32_t a, uint32_t b) { return view_.end(a) < view_.end(b); };
    std::stable_sort(by_end_.begin(), by_end_.end(), ends_first);
    for (auto& [id, rows] : streams) {
      std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) { return view_.ts[a] < view_.ts[b]; });
      for (size_t k = 1; k < rows.size(); ++k) before_[rows[k]] = static_cast<int32_t>(rows[k - 1]);
    }
  }

  void add(int64_t begin, PathKind kind, int32_t place) {
    begin = std::max(begin, path_.begin);
    if (begin >= now_) return;
    path_.ticks[static_cast<size_t>(kind)] += now_ - begin;
    if (!path_.segments.empty() && path_.segments.back().kind == kind && path_.segments.back().place == place) {
      path_.segments.back().begin = begin;
    } else {
      path_.segments.push_back({begin, place, kind});
    }
    now_ = begin;
  }

  // The device event that ended last at or before a time; -1: none.
  int32_t ended_by(int64_t time) const {
    auto after =
        std::upper_bound(by_end_.begin(), by_end_.end(), time, [&](int64_t t, uint32_t i) { return t < view_.end(i); });
    return after == by_end_.begin() ? -1 : static_cast<int32_t>(*std::prev(after));
  }

  int64_t covered_until(const Lane& lane, int64_t time, int64_t* begin = nullptr) const {
    auto after = std::lower_bound(lane.covered.begin(), lane.covered.end(), time,
                                  [](const Interval& piece, int64_t t) { return piece.begin < t; });
    if (after == lane.covered.begin()) return INT64_MIN;
    const Interval& piece = *std::prev(after);
    if (begin != nullptr) *begin = piece.begin;
    return std::min(piece.end, time);
  }

  // Where the path ends: whatever ends last.
  void start() {
    int32_t work = ended_by(now_);
    choose_lane();
    int64_t host = have_lane_ ? covered_until(lanes_[lane_], now_) : INT64_MIN;
    if (work >= 0 && view_.end(static_cast<size_t>(work)) >= host) {
      add(view_.end(static_cast<size_t>(work)), PathKind::kUnexplained, -1);
      device_ = work;
    }
  }

  // The lane whose work ends last before now.
  void choose_lane() {
    int64_t best = INT64_MIN;
    have_lane_ = false;
    for (const auto& [id, lane] : lanes_) {
      int64_t until = covered_until(lane, now_);
      if (until == INT64_MIN || until < best || (until == best && have_lane_)) continue;
      best = until;
      lane_ = id;
      have_lane_ = true;
    }
  }

  void step_device() {
    auto i = static_cast<size_t>(device_);
    if (view_.ts[i] < now_) {
      KernelType type = view_.type[i];
      PathKind kind = type == KernelType::kComputation     ? PathKind::kCompute
                      : type == KernelType::kCommunication ? PathKind::kCommunication
                      : type == KernelType::kMemory        ? PathKind::kCopy
                                                           : PathKind::kOtherDevice;
      add(view_.ts[i], kind, device_);
    }
    if (now_ <= path_.begin) return;
    int32_t previous = before_[i];
    int32_t launch = view_.partner[i];
    bool launched = launch >= 0 && view_.ts[static_cast<size_t>(launch)] < now_;
    int64_t ready = launched ? std::min(view_.end(static_cast<size_t>(launch)), now_) : INT64_MIN;
    if (previous >= 0 && view_.ts[static_cast<size_t>(previous)] < now_ &&
        view_.end(static_cast<size_t>(previous)) >= ready) {
      // Queued behind the work before it, or behind what another stream finished later.
      int32_t last = ended_by(now_);
      bool other = last >= 0 && view_.end(static_cast<size_t>(last)) > view_.end(static_cast<size_t>(previous)) &&
                   view_.ts[static_cast<size_t>(last)] < now_;
      device_ = other ? last : previous;
      add(std::min(now_, view_.end(static_cast<size_t>(device_))), PathKind::kDeviceGap, device_);
      return;
    }
    device_ = -1;
    if (launched) {
      auto call = static_cast<size_t>(launch);
      add(ready, PathKind::kLaunch, launch);
      add(view_.ts[call], PathKind::kHost, launch);
      lane_ = view_.lane(call);
      have_lane_ = true;
    } else {
      choose_lane();  // no launch in the file: the host's last work is all there is to go on with
    }
  }

  void step_host() {
    const Lane& lane = lanes_[lane_];
    if (!have_lane_) return add_unexplained(lane, path_.begin);
    auto after = std::lower_bound(lane.blocking.begin(), lane.blocking.end(), now_,
                                  [&](uint32_t i, int64_t t) { return view_.end(i) < t; });
    if (after != lane.blocking.end() && view_.ts[*after] < now_) return leave_wait(*after);
    int64_t limit = after == lane.blocking.begin() ? path_.begin : view_.end(*std::prev(after));
    int64_t begin = 0, until = covered_until(lane, now_, &begin);
    if (until == now_) return add(std::max(begin, limit), PathKind::kHost, -1);
    // Nothing runs on this thread: go on where something does.
    uint32_t here = lane_;
    choose_lane();
    int64_t there = have_lane_ ? covered_until(lanes_[lane_], now_) : INT64_MIN;
    if (there < until) lane_ = here;
    int64_t resume = std::max({until, there, path_.begin});
    if (resume < now_) add_unexplained(lane, resume);
  }

  // Inside a blocking call: what it waited for is the device work that ended last before it returned.
  void leave_wait(uint32_t call) {
    int64_t entered = view_.ts[call];
    int32_t work = ended_by(now_);
    if (work >= 0 && view_.end(static_cast<size_t>(work)) > entered) {
      add(view_.end(static_cast<size_t>(work)), PathKind::kSynchronize, static_cast<int32_t>(call));
      device_ = work;
    } else {
      add(entered, PathKind::kSynchronize, static_cast<int32_t>(call));
    }
  }

  // Time in which a thread does nothing: waiting for data where its annotation says so.
  void add_unexplained(const Lane& lane, int64_t begin) {
    const Intervals& data = lane.data;
    begin = std::max(begin, path_.begin);
    while (now_ > begin) {
      auto after =
          std::lower_bound(data.begin(), data.end(), now_, [](const Interval& p, int64_t t) { return p.begin < t; });
      if (after == data.begin()) return add(begin, PathKind::kUnexplained, -1);
      const Interval& wait = *std::prev(after);
      if (wait.end >= now_) {
        add(std::max(begin, wait.begin), PathKind::kData, -1);
      } else {
        add(std::max(begin, wait.end), PathKind::kUnexplained, -1);
      }
    }
  }

  const View& view_;
  CriticalPath path_;
  std::map<uint32_t, Lane> lanes_;
  std::vector<uint32_t> by_end_;
  std::vector<int32_t> before_;  // by place: the work before it on its stream, -1: none
  int64_t now_ = 0;
  int32_t device_ = -1;
  uint32_t lane_ = UINT32_MAX;  // none yet
  bool have_lane_ = false;
};

}  // namespace

std::string_view path_kind_name(PathKind kind) {
  constexpr std::string_view kNames[] = {"host",       "synchronization", "data", "launch",
                                         "compute",    "communication",   "copy", "other_device",
                                         "device_gap", "unexplained"};
  return kNames[static_cast<size_t>(kind)];
}

CriticalPath critical_path(const View& view, int64_t begin, int64_t end) {
  return Walker(view, begin, std::max(begin, end)).walk();
}

CriticalPath critical_path(const View& view) {
  if (view.size() == 0) return {};
  int64_t begin = INT64_MAX, end = INT64_MIN;
  for (size_t i = 0; i < view.size(); ++i) {
    if (view.kind(i) == Category::kMarker) continue;
    begin = std::min(begin, view.ts[i]);
    end = std::max(end, view.end(i));
  }
  return begin > end ? CriticalPath() : critical_path(view, begin, end);
}

}  // namespace hasten::trace
