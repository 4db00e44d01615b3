// Watches a run and says once, in a line, what holds it up.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hasten/base/machine.h"

namespace hasten::diagnose {

enum class Hold { kInput, kSync, kThrottle, kMemory };
constexpr std::array<std::string_view, 4> choices(Hold) {
  return {"input-bound", "sync-bound", "throttled", "memory-bound"};
}

// A stretch of training: how long it took, and how much of that was none of the steps' own work.
struct WatchWindow {
  int64_t first_step = 0, last_step = 0;
  double seconds = 0;
  double loader_wait_s = 0;  // the next batch was not there
  double sync_s = 0;         // the host waited for a value of the device
  int64_t syncs = 0;
  std::optional<double> throttled_s, memory_stall_s, major_faults;  // nothing where the system does not say
};

class RunWatch {
 public:
  // What is new since the last call: a line about the class with the largest share, once a class. Stretches are put
  // together until they are long enough to tell; the first steps, which allocate and read for the first time, do not
  // count.
  std::optional<std::string> see(const WatchWindow& window);

  static constexpr double kLeastShare = 0.1;  // of the time
  static constexpr double kLeastSeconds = 2;
  static constexpr int64_t kWarmUpSteps = 10;

 private:
  WatchWindow seen_;
  std::array<bool, choices(Hold{}).size()> said_{};
};

// What happened between two readings of the system.
void add_pressure(const Pressure& before, const Pressure& after, WatchWindow& window);

}  // namespace hasten::diagnose
