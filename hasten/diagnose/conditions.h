// What went on on the machine while something was timed: others' load, throttling, clocks. A verdict is as good as these.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hasten/base/machine.h"

namespace hasten::diagnose {

// One reading; two make the conditions of the time between.
struct MachineReading {
  int64_t at_ns = 0;
  int64_t busy_ns = -1, stolen_ns = -1;  // of the processors that this process may use, by anyone; by other guests
  int64_t own_ns = 0;  // of this process, all threads
  Pressure pressure;
  int64_t counted = 0;  // how many processors these are
  double clock_mhz = 0;  // the highest of them, since idle ones clock down; 0: unknown
};
MachineReading read_conditions(const std::filesystem::path& root = "/");

struct Conditions {
  double seconds = 0;
  std::optional<double> others_cores;  // processors' worth of time that others used, stolen time included
  int64_t counted_cores = 0;  // on how many processors; a quota may allow less; 0: unknown
  std::optional<double> throttled_share;  // of the time, by the container's quota
  std::optional<double> memory_stall_share;
  double clock_mhz = 0, least_clock_mhz = 0;  // mean and least of the readings; 0: unknown
  double load_average = 0;
  double quota_cores = 0;  // processors' worth of time that the container allows; 0: no quota
  int64_t numa_nodes = 0;
  std::string governor;  // of the clock; empty: unknown
  std::optional<double> resident_at_begin, resident_at_end;  // share of the data's files that was in memory

  // What others used of the processors that were counted, or of `cores` where it is not known how many those were.
  double others_share(int64_t cores) const {
    return others_cores.value_or(0) / static_cast<double>(counted_cores > 0 ? counted_cores : cores);
  }
};

class ConditionLog {
 public:
  explicit ConditionLog(std::filesystem::path root = "/");
  void read();  // between windows
  Conditions conditions() const;

 private:
  std::filesystem::path root_;
  std::vector<MachineReading> readings_;
};

}  // namespace hasten::diagnose
