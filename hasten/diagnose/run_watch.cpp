// One line about what holds a run up.
#include "hasten/diagnose/run_watch.h"

#include <algorithm>
#include <utility>

#include "hasten/base/text.h"
#include "hasten/spec/choices.h"

namespace hasten::diagnose {
namespace {

// A page from a disk takes about this long; with many of them a process does little else.
constexpr double kMajorFaultSeconds = 1e-3;

double memory_seconds(const WatchWindow& window) {
  return std::max(window.memory_stall_s.value_or(0), window.major_faults.value_or(0) * kMajorFaultSeconds);
}

double held_seconds(const WatchWindow& window, Hold hold) {
  switch (hold) {
    case Hold::kInput: return window.loader_wait_s;
    case Hold::kSync: return window.sync_s;
    case Hold::kThrottle: return window.throttled_s.value_or(0);
    case Hold::kMemory: return memory_seconds(window);
  }
  return 0;
}

std::string cause(const WatchWindow& window, Hold hold) {
  const auto steps = static_cast<double>(std::max<int64_t>(1, window.last_step - window.first_step));
  switch (hold) {
    case Hold::kInput: return "training waited for samples";
    case Hold::kSync:
      return cat("the host waited for values of the device, ",
                 significant(static_cast<double>(window.syncs) / steps, 2), " times a step");
    case Hold::kThrottle: return "the container had used up its share of the processors";
    case Hold::kMemory: return "memory was being freed or read back from the disk";
  }
  return "";
}

std::string remedy(Hold hold) {
  switch (hold) {
    case Hold::kInput:
      return "'hasten data bench' says which stage; more loader.workers, 'hasten data pack', less augmentation";
    case Hold::kSync: return "'hasten train --profile steps=20..40' says which method or metric reads values";
    case Hold::kThrottle: return "a higher quota, or --threads at most as many as the quota allows";
    case Hold::kMemory: return "a smaller batch, a smaller loader.memory, loader.residence = \"stream\"";
  }
  return "";
}

void add(std::optional<double>& sum, const std::optional<double>& more) {
  if (more) sum = sum.value_or(0) + *more;
}

}  // namespace

std::optional<std::string> RunWatch::see(const WatchWindow& window) {
  if (window.first_step < kWarmUpSteps) return std::nullopt;
  if (seen_.seconds == 0) seen_.first_step = window.first_step;
  seen_.last_step = window.last_step;
  seen_.seconds += window.seconds;
  seen_.loader_wait_s += window.loader_wait_s;
  seen_.sync_s += window.sync_s;
  seen_.syncs += window.syncs;
  add(seen_.throttled_s, window.throttled_s);
  add(seen_.memory_stall_s, window.memory_stall_s);
  add(seen_.major_faults, window.major_faults);
  if (seen_.seconds < kLeastSeconds) return std::nullopt;
  const WatchWindow whole = std::exchange(seen_, {});
  std::optional<Hold> largest;
  for (size_t i = 0; i < said_.size(); ++i) {
    const auto hold = static_cast<Hold>(i);
    if (!largest || held_seconds(whole, hold) > held_seconds(whole, *largest)) largest = hold;
  }
  const double share = std::min(1.0, held_seconds(whole, *largest) / whole.seconds);
  if (share < kLeastShare || std::exchange(said_[static_cast<size_t>(*largest)], true)) return std::nullopt;
  // Nothing that is done about it can gain more than this; at a share of 1 there is no bound. While the host waits for the
  // device that works, so the share of such waits says nothing of the gain.
  const bool bounded = share < 0.99 && *largest != Hold::kSync;
  const std::string most = bounded ? cat(", at most ", fixed(1 / (1 - share), 2), " times faster without") : "";
  return cat(hasten::name_of(*largest), ": ", fixed(100 * share, 0), "% of steps ", whole.first_step, " to ",
             whole.last_step, " ", cause(whole, *largest), most, "; ", remedy(*largest));
}

void add_pressure(const Pressure& before, const Pressure& after, WatchWindow& window) {
  const auto rise = [](int64_t from, int64_t to) -> std::optional<double> {
    if (from < 0 || to < from) return std::nullopt;
    return static_cast<double>(to - from);
  };
  const auto in_seconds = [](std::optional<double> ns) { return ns ? std::optional(*ns * 1e-9) : std::nullopt; };
  window.throttled_s = in_seconds(rise(before.throttled_ns, after.throttled_ns));
  window.memory_stall_s = in_seconds(rise(before.memory_stall_ns, after.memory_stall_ns));
  window.major_faults = rise(before.major_faults, after.major_faults);
}

}  // namespace hasten::diagnose
