// Readings of /proc and /sys.
#include "hasten/diagnose/conditions.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <sstream>

#include "hasten/base/clock.h"

namespace hasten::diagnose {
namespace {

std::set<int64_t> own_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::set<int64_t> processors;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return processors;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &set)) processors.insert(i);
  }
  return processors;
}

const std::set<int64_t>& counted_processors() {
  static const std::set<int64_t> processors = own_processors();
  return processors;
}

// The lines "cpuN user nice system idle iowait irq softirq steal ..." of these processors.
void read_stat(const std::filesystem::path& root, const std::set<int64_t>& processors, MachineReading& out) {
  std::ifstream file(root / "proc/stat");
  const double tick_ns = 1e9 / static_cast<double>(sysconf(_SC_CLK_TCK));
  double busy = 0, stolen = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("cpu", 0) != 0 || line.size() < 4 || line[3] == ' ') continue;
    std::istringstream words(line.substr(3));
    int64_t processor = -1;
    std::array<double, 8> ticks{};
    words >> processor;
    for (double& value : ticks) words >> value;
    if (!words || processors.count(processor) == 0) continue;
    ++out.counted;
    busy += ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6];
    stolen += ticks[7];
  }
  if (out.counted == 0) return;
  out.busy_ns = static_cast<int64_t>(busy * tick_ns);
  out.stolen_ns = static_cast<int64_t>(stolen * tick_ns);
}

int64_t own_cpu_ns() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto ns = [](const timeval& time) {
    return int64_t{1'000'000'000} * time.tv_sec + int64_t{1000} * time.tv_usec;
  };
  return ns(use.ru_utime) + ns(use.ru_stime);
}

double clock_mhz(const std::filesystem::path& root, const std::set<int64_t>& processors) {
  double highest = 0;
  for (int64_t processor : processors) {
    std::ifstream file(root / "sys/devices/system/cpu" / ("cpu" + std::to_string(processor)) /
                       "cpufreq/scaling_cur_freq");
    if (double khz = 0; file >> khz) highest = std::max(highest, khz / 1000);
  }
  return highest;
}

std::optional<double> share(int64_t from, int64_t to, int64_t ns) {
  if (from < 0 || to < from || ns <= 0) return std::nullopt;
  return static_cast<double>(to - from) / static_cast<double>(ns);
}

}  // namespace

MachineReading read_conditions(const std::filesystem::path& root) {
  const std::set<int64_t>& processors = counted_processors();
  MachineReading out;
  out.at_ns = now_ns();
  out.own_ns = own_cpu_ns();
  read_stat(root, processors, out);
  out.pressure = read_pressure(root);
  out.clock_mhz = clock_mhz(root, processors);
  return out;
}

ConditionLog::ConditionLog(std::filesystem::path root) : root_(std::move(root)) { read(); }

void ConditionLog::read() { readings_.push_back(read_conditions(root_)); }

Conditions ConditionLog::conditions() const {
  const MachineReading &first = readings_.front(), &last = readings_.back();
  Conditions out;
  const int64_t ns = last.at_ns - first.at_ns;
  out.seconds = seconds(ns);
  const auto busy = share(first.busy_ns, last.busy_ns, ns), stolen = share(first.stolen_ns, last.stolen_ns, ns);
  const double own = share(first.own_ns, last.own_ns, ns).value_or(0);
  if (busy) {
    out.others_cores = std::max(0.0, *busy - own) + stolen.value_or(0);
    out.counted_cores = last.counted;
  }
  out.throttled_share = share(first.pressure.throttled_ns, last.pressure.throttled_ns, ns);
  out.memory_stall_share = share(first.pressure.memory_stall_ns, last.pressure.memory_stall_ns, ns);
  double sum = 0;
  int64_t known = 0;
  for (const MachineReading& reading : readings_) {
    if (reading.clock_mhz <= 0) continue;
    sum += reading.clock_mhz;
    out.least_clock_mhz = known++ == 0 ? reading.clock_mhz : std::min(out.least_clock_mhz, reading.clock_mhz);
  }
  if (known > 0) out.clock_mhz = sum / static_cast<double>(known);
  double load = 0;
  if (std::ifstream file(root_ / "proc/loadavg"); file >> load) out.load_average = load;
  const Machine machine = read_machine(root_, {counted_processors().begin(), counted_processors().end()});
  out.quota_cores = machine.cpu_quota;
  out.numa_nodes = machine.numa_nodes;
  out.governor = machine.governor;
  return out;
}

}  // namespace hasten::diagnose
