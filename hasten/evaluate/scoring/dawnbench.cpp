// Time and cost of DAWNBench entries.
#include "hasten/evaluate/scoring/dawnbench.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "hasten/evaluate/cost.h"
#include "hasten/evaluate/time_to_target.h"

namespace hasten::evaluate {

DawnbenchEntry score_dawnbench(const Run& run, std::optional<double> threshold) {
  const RunRecord& record = run.record;
  DawnbenchEntry entry;
  entry.id = record.id;
  entry.task = record.workload;
  entry.hardware = record.hardware.accelerator;
  entry.framework = record.software.framework;
  entry.date = record.started_at;
  double target = threshold.value_or(record.metric.target.value_or(std::nan("")));
  double before = 0;
  for (const Reading& reading : readings(run, record.metric)) {
    const EventRecord& event = run.events[reading.event];
    ++entry.rows;
    bool reached = reaches(reading.value, target, record.metric.direction);
    if (entry.value && !reached) entry.falls_below = true;
    if (reached && !entry.value && event.t_train) {
      entry.value = reading.value;
      entry.epoch = event.epoch;
      entry.hours = *event.t_train / 3600;
      entry.hours_before = before / 3600;
      if (record.price.usd_per_hour) entry.usd = *entry.hours * *record.price.usd_per_hour;
    }
    entry.final_value = reading.value;
    if (!event.t_train) continue;
    entry.final_hours = *event.t_train / 3600;
    if (*event.t_train < before) entry.clock_monotone = false;
    before = *event.t_train;
  }
  return entry;
}

void sort_entries(std::vector<DawnbenchEntry>& entries) {
  std::sort(entries.begin(), entries.end(), [](const DawnbenchEntry& a, const DawnbenchEntry& b) {
    double x = a.hours.value_or(HUGE_VAL), y = b.hours.value_or(HUGE_VAL);
    return std::tie(a.task, x, a.id) < std::tie(b.task, y, b.id);
  });
}

}  // namespace hasten::evaluate
