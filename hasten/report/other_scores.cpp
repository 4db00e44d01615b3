// DAWNBench, modded-nanogpt and score tables.
#include <cmath>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/report/scores.h"
#include "hasten/report/table.h"

namespace hasten::report {
namespace {

using namespace evaluate;

Json or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}
Json finite_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json reading_json(const std::optional<NanogptReading>& reading) {
  if (!reading) return nullptr;
  return {{"step", reading->step}, {"loss", finite_or_null(reading->loss)}, {"train_s", or_null(reading->train_s)}};
}

std::string reading_cell(const std::optional<NanogptReading>& reading) {
  if (!reading) return "never";
  return cat(number(reading->loss), " at ", reading->step,
             reading->train_s ? ", " + fixed(*reading->train_s, 3) + "s" : "");
}

std::string interval_cell(const stats::Interval& interval) {
  return cat(fixed(interval.point, 4), " (", fixed(interval.low, 3), " to ", fixed(interval.high, 3), ")");
}

Json interval_json(const stats::Interval& interval) {
  return {{"value", interval.point}, {"low", interval.low}, {"high", interval.high}};
}

constexpr double kTaus[] = {0.1, 0.25, 0.5, 0.75, 0.9};

}  // namespace

std::string dawnbench_text(const std::vector<DawnbenchEntry>& entries) {
  Table table{{"entry", "task", "hardware", "time", "between", "cost", "epoch", "value", "remarks"}, {}, 3};
  for (const DawnbenchEntry& entry : entries) {
    std::string remark = entry.falls_below ? "falls below again" : "";
    if (!entry.clock_monotone) remark += remark.empty() ? "clock goes back" : ", clock goes back";
    if (!entry.hours) remark = "never reaches the threshold";
    table.rows.push_back({entry.id, entry.task, entry.hardware,
                          entry.hours ? duration_text(*entry.hours * 3600) : "never",
                          entry.hours ? duration_text(*entry.hours_before * 3600) + " and it" : "",
                          entry.usd ? "$" + fixed(*entry.usd, 4) : "unavailable",
                          entry.epoch ? number(*entry.epoch) : "", entry.value ? number(*entry.value) : "", remark});
  }
  return terminal_table(table);
}

Json dawnbench_json(const std::vector<DawnbenchEntry>& entries) {
  Json list = Json::array();
  for (const DawnbenchEntry& entry : entries) {
    list.push_back({{"entry", entry.id},
                    {"task", entry.task},
                    {"hardware", entry.hardware},
                    {"framework", entry.framework},
                    {"date", entry.date},
                    {"hours", or_null(entry.hours)},
                    {"seconds", entry.hours ? Json(*entry.hours * 3600) : Json(nullptr)},
                    {"hours_before", or_null(entry.hours_before)},
                    {"usd", or_null(entry.usd)},
                    {"epoch", or_null(entry.epoch)},
                    {"value", or_null(entry.value)},
                    {"final_value", or_null(entry.final_value)},
                    {"final_hours", or_null(entry.final_hours)},
                    {"rows", entry.rows},
                    {"falls_below", entry.falls_below},
                    {"clock_monotone", entry.clock_monotone}});
  }
  return list;
}

std::string nanogpt_text(const std::vector<NanogptGroup>& groups, double target, double alpha) {
  std::string text;
  for (const NanogptGroup& group : groups) {
    Table table{{"log", "evaluations", "planned", "first at the target", "final", "clock"}, {}, 1};
    for (const NanogptLog& log : group.logs) {
      table.rows.push_back({log.id, std::to_string(log.evaluations),
                            log.planned_steps ? std::to_string(*log.planned_steps) : "unknown",
                            reading_cell(log.crossing), reading_cell(log.final),
                            log.clock_reset_at ? cat("starts again at step ", *log.clock_reset_at) : ""});
    }
    text += group.name + "\n" + terminal_table(table, "  ");
    const Track1& test = group.track1;
    if (test.n < 2) {
      text += "  one run: no test of the mean\n\n";
      continue;
    }
    text += cat("  mean of ", test.n, " final losses ", fixed(test.mean, 5), " (sd ", fixed(test.sd, 5),
                "), t = ", fixed(test.test.t, 4), ", p = ", significant(test.test.p_less, 4),
                " that the true mean is not below ", number(target), ": ", test.passes ? "passes" : "does not pass",
                " at ", number(alpha), "\n");
    text += cat("  fixed-spread rule (track 3): ", group.track3 ? "passes" : "does not pass", "\n\n");
  }
  return text;
}

Json nanogpt_json(const std::vector<NanogptGroup>& groups, double target, double alpha) {
  Json json{{"target", target}, {"alpha", alpha}, {"groups", Json::array()}};
  for (const NanogptGroup& group : groups) {
    Json one{{"name", group.name}, {"logs", Json::array()}};
    for (const NanogptLog& log : group.logs) {
      one["logs"].push_back({{"id", log.id},
                             {"evaluations", log.evaluations},
                             {"planned_steps", log.planned_steps ? Json(*log.planned_steps) : Json(nullptr)},
                             {"first_crossing", reading_json(log.crossing)},
                             {"final", reading_json(log.final)},
                             {"clock_reset_at", log.clock_reset_at ? Json(*log.clock_reset_at) : Json(nullptr)}});
    }
    const Track1& test = group.track1;
    one["track1"] = {{"n", test.n},
                     {"mean", finite_or_null(test.mean)},
                     {"sd", finite_or_null(test.sd)},
                     {"t", finite_or_null(test.test.t)},
                     {"p", finite_or_null(test.test.p_less)},
                     {"passes", test.passes}};
    one["track3_passes"] = group.track3;
    json["groups"].push_back(std::move(one));
  }
  return json;
}

std::string score_table_text(const ScoreTable& table, int64_t resamples) {
  stats::BootstrapOptions options;
  options.resamples = resamples;
  Table text{{"method", "IQM", "mean", "median", "optimality gap"}, {}, 1};
  for (const MethodScores& one : aggregate(table, options)) {
    text.rows.push_back({one.method, interval_cell(one.iqm), interval_cell(one.mean), interval_cell(one.median),
                         interval_cell(one.optimality_gap)});
  }
  std::string out =
      cat(table.tasks.size(), " tasks; 95% intervals, runs resampled within tasks\n\n") + terminal_table(text, "  ");
  Table better{{"chance that", "beats", "is"}, {}, 2};
  for (const Improvement& one : improvements(table, options))
    better.rows.push_back({one.method, one.over, interval_cell(one.probability)});
  if (!better.rows.empty()) out += "\n" + terminal_table(better, "  ");
  Table profile{{"share of runs above"}, {}, 1};
  for (double tau : kTaus) profile.head.push_back(number(tau));
  for (size_t m = 0; m < table.methods.size(); ++m) {
    std::vector<std::string> row{table.methods[m]};
    for (double tau : kTaus) row.push_back(fixed(stats::run_profile(table.scores[m], tau), 3));
    profile.rows.push_back(std::move(row));
  }
  return out + "\n" + terminal_table(profile, "  ");
}

Json score_table_json(const ScoreTable& table, int64_t resamples) {
  stats::BootstrapOptions options;
  options.resamples = resamples;
  Json json{{"tasks", table.tasks}, {"methods", Json::array()}, {"improvement", Json::array()}};
  std::vector<MethodScores> all = aggregate(table, options);
  for (size_t m = 0; m < all.size(); ++m) {
    Json one{{"method", all[m].method},
             {"iqm", interval_json(all[m].iqm)},
             {"mean", interval_json(all[m].mean)},
             {"median", interval_json(all[m].median)},
             {"optimality_gap", interval_json(all[m].optimality_gap)},
             {"profile", Json::array()}};
    for (double tau : kTaus) {
      one["profile"].push_back({{"tau", tau},
                                {"runs", stats::run_profile(table.scores[m], tau)},
                                {"tasks", stats::average_profile(table.scores[m], tau)}});
    }
    json["methods"].push_back(std::move(one));
  }
  for (const Improvement& one : improvements(table, options))
    json["improvement"].push_back(
        {{"method", one.method}, {"over", one.over}, {"probability", interval_json(one.probability)}});
  return json;
}

}  // namespace hasten::report
