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
  double clock_mhz = 0;  // mean of these processors; 0: unknown
};
MachineReading read_conditions(const std::filesystem::path& root = "/");

struct Conditions {
  double seconds = 0;
  std::optional<double> others_cores;  // processors' worth of time that others used, stolen time included
  std::optional<double> throttled_share;  // of the time, by the container's quota
  std::optional<double> memory_stall_share;
  double clock_mhz = 0, least_clock_mhz = 0;  // mean and least of the readings; 0: unknown
  double load_average = 0;
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
