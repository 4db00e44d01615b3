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

// What a log is missing for its last loss to count, and what its clock did.
std::string remarks_of(const NanogptLog& log) {
  std::string remarks;
  if (!log.final) remarks = "no evaluation: does not count";
  else if (!std::isfinite(log.final->loss)) remarks = "diverged";
  else if (!log.finished()) remarks = "stops before its planned steps: does not count";
  if (log.clock_reset_at)
    remarks += cat(remarks.empty() ? "" : "; ", "clock starts again at step ", *log.clock_reset_at);
  return remarks;
}

// Which of two groups is better by the pairwise rule of track 3; null when neither is.
const NanogptGroup* better_of(const NanogptGroup& a, const NanogptGroup& b) {
  auto beats = [](const NanogptGroup& x, const NanogptGroup& y) {
    return track3_better(x.finals.losses, x.finals.steps, y.finals.losses, y.finals.steps);
  };
  return beats(a, b) ? &a : beats(b, a) ? &b : nullptr;
}

std::string gap_label(double gamma) { return gamma == 1 ? "optimality gap" : "optimality gap of " + number(gamma); }

std::vector<double> taus_of(const ScoreTable& table, const ScoreTableOptions& options) {
  return options.taus.empty() ? usual_taus(table) : options.taus;
}

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
    Table table{{"log", "evaluations", "planned", "first at the target", "final", "remarks"}, {}, 1};
    for (const NanogptLog& log : group.logs) {
      table.rows.push_back({log.id, std::to_string(log.evaluations),
                            log.planned_steps ? std::to_string(*log.planned_steps) : "unknown",
                            reading_cell(log.crossing), reading_cell(log.final), remarks_of(log)});
    }
    text += group.name + "\n" + terminal_table(table, "  ");
    const Track1& test = group.track1;
    if (group.finals.unfinished > 0) {
      text +=
          cat("  ", group.finals.unfinished, " of ", group.logs.size(), " logs have no final loss and do not count\n");
    }
    if (group.finals.diverged > 0) {
      text += cat("  ", group.finals.diverged, " of ", test.n, " final losses are not finite: does not pass at ",
                  number(alpha), ", nor by the fixed-spread rule (track 3)\n\n");
      continue;
    }
    if (test.n < 2) {
      text += cat("  ", test.n == 1 ? "one" : "no", " run: no test of the mean\n\n");
      continue;
    }
    text += cat("  mean of ", test.n, " final losses ", fixed(test.mean, 5), " (sd ", fixed(test.sd, 5),
                "), t = ", fixed(test.test.t, 4), ", p = ", significant(test.test.p_less, 4),
                " that the true mean is not below ", number(target), ": ", test.passes ? "passes" : "does not pass",
                " at ", number(alpha), "\n");
    text += cat("  fixed-spread rule (track 3): ", group.track3 ? "passes" : "does not pass", "\n\n");
  }
  if (groups.size() < 2) return text;
  text += "Pairs by the fixed-spread rule (track 3), 100 steps counting as 0.0045:\n";
  for (size_t a = 0; a < groups.size(); ++a) {
    for (size_t b = a + 1; b < groups.size(); ++b) {
      const NanogptGroup* better = better_of(groups[a], groups[b]);
      text += better ? cat("  ", better->name, " is better than ", groups[better == &groups[a] ? b : a].name, "\n")
                     : cat("  neither of ", groups[a].name, " and ", groups[b].name, " is better\n");
    }
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
                             {"finished", log.finished()},
                             {"clock_reset_at", log.clock_reset_at ? Json(*log.clock_reset_at) : Json(nullptr)}});
    }
    const Track1& test = group.track1;
    one["track1"] = {{"n", test.n},
                     {"mean", test.n > 0 ? finite_or_null(test.mean) : Json(nullptr)},
                     {"sd", finite_or_null(test.sd)},
                     {"t", finite_or_null(test.test.t)},
                     {"p", finite_or_null(test.test.p_less)},
                     {"passes", test.passes}};
    one["track3_passes"] = group.track3;
    one["unfinished"] = group.finals.unfinished;
    one["diverged"] = group.finals.diverged;
    json["groups"].push_back(std::move(one));
  }
  json["pairs"] = Json::array();
  for (size_t a = 0; a < groups.size(); ++a) {
    for (size_t b = a + 1; b < groups.size(); ++b) {
      const NanogptGroup* better = better_of(groups[a], groups[b]);
      json["pairs"].push_back(
          {{"groups", {groups[a].name, groups[b].name}}, {"better", better ? Json(better->name) : Json(nullptr)}});
    }
  }
  return json;
}

std::string score_table_text(const ScoreTable& table, const ScoreTableOptions& options) {
  stats::BootstrapOptions bootstrap;
  bootstrap.resamples = options.resamples;
  Table text{{"method", "IQM", "mean", "median", gap_label(options.gamma)}, {}, 1};
  for (const MethodScores& one : aggregate(table, bootstrap, options.gamma)) {
    text.rows.push_back({one.method, interval_cell(one.iqm), interval_cell(one.mean), interval_cell(one.median),
                         interval_cell(one.optimality_gap)});
  }
  std::string out =
      cat(table.tasks.size(), " tasks; 95% intervals, runs resampled within tasks\n\n") + terminal_table(text, "  ");
  Table better{{"chance that", "beats", "is"}, {}, 2};
  for (const Improvement& one : improvements(table, bootstrap))
    better.rows.push_back({one.method, one.over, interval_cell(one.probability)});
  if (!better.rows.empty()) out += "\n" + terminal_table(better, "  ");
  Table profile{{"share of runs above"}, {}, 1};
  const std::vector<double> taus = taus_of(table, options);
  for (double tau : taus) profile.head.push_back(number(tau));
  for (size_t m = 0; m < table.methods.size(); ++m) {
    std::vector<std::string> row{table.methods[m]};
    for (double tau : taus) row.push_back(fixed(stats::run_profile(table.scores[m], tau), 3));
    profile.rows.push_back(std::move(row));
  }
  return out + "\n" + terminal_table(profile, "  ");
}

Json score_table_json(const ScoreTable& table, const ScoreTableOptions& options) {
  stats::BootstrapOptions bootstrap;
  bootstrap.resamples = options.resamples;
  Json json{
      {"tasks", table.tasks}, {"gamma", options.gamma}, {"methods", Json::array()}, {"improvement", Json::array()}};
  const std::vector<double> taus = taus_of(table, options);
  std::vector<MethodScores> all = aggregate(table, bootstrap, options.gamma);
  for (size_t m = 0; m < all.size(); ++m) {
    Json one{{"method", all[m].method},
             {"iqm", interval_json(all[m].iqm)},
             {"mean", interval_json(all[m].mean)},
             {"median", interval_json(all[m].median)},
             {"optimality_gap", interval_json(all[m].optimality_gap)},
             {"profile", Json::array()}};
    for (double tau : taus) {
      one["profile"].push_back({{"tau", tau},
                                {"runs", stats::run_profile(table.scores[m], tau)},
                                {"tasks", stats::average_profile(table.scores[m], tau)}});
    }
    json["methods"].push_back(std::move(one));
  }
  for (const Improvement& one : improvements(table, bootstrap))
    json["improvement"].push_back(
        {{"method", one.method}, {"over", one.over}, {"probability", interval_json(one.probability)}});
  return json;
}

}  // namespace hasten::report
