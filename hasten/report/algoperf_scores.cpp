// An AlgoPerf board: scores, times, and what they depend on.
#include <algorithm>
#include <cmath>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/report/scores.h"
#include "hasten/report/table.h"
#include "hasten/stats/moments.h"

namespace hasten::report {
namespace {

using namespace evaluate;

// Everything that text and JSON show, computed once.
struct Shown {
  TimeTable table;
  ProfileScores scores, min_time, first, most;
  Sensitivity sensitivity;
  std::vector<size_t> order;
  std::vector<double> ranked_by;
  size_t baseline = 0;
  bool has_baseline = false;
};

Shown computed(const AlgoperfReport& report) {
  const AlgoperfBoard& board = report.board;
  const ProfileRules& rules = board.config.rules;
  Shown shown;
  shown.table = board.table(report.rule);
  shown.scores = score_profiles(shown.table, rules);
  shown.min_time = score_profiles(board.table(TrialRule::kMinTime), rules);
  shown.first = score_profiles(board.table(TrialRule::kIndex, TieRule::kFirst), rules);
  shown.most = score_profiles(board.table(TrialRule::kIndex, TieRule::kMost), rules);
  shown.sensitivity = sensitivity(board, report.resamples);
  shown.ranked_by = report.exact ? shown.scores.exact : shown.scores.trapezoid;
  shown.order = ranking(board.submissions, shown.ranked_by);
  auto found = std::find(board.submissions.begin(), board.submissions.end(), report.baseline);
  shown.has_baseline = found != board.submissions.end();
  shown.baseline = static_cast<size_t>(found - board.submissions.begin());
  return shown;
}

Json time_json(double time) {
  if (std::isnan(time)) return nullptr;
  if (std::isinf(time)) return "inf";
  return time;
}

std::string time_cell(double time) {
  if (std::isnan(time)) return "not run";
  return std::isinf(time) ? "missed" : fixed(time, 1);
}

std::string percent(double share) { return fixed(share * 100, 2) + "%"; }

const std::vector<std::vector<std::vector<StudyTime>>>& studies_of(const AlgoperfReport& report) {
  return report.rule == TrialRule::kMinTime ? report.board.min_time_rule : report.board.index_rule;
}

}  // namespace

std::string algoperf_text(const AlgoperfReport& report) {
  const AlgoperfBoard& board = report.board;
  Shown shown = computed(report);
  std::string text = cat(
      board.path, "\n", board.config.workloads.size(), " workloads, ", board.config.held_out.size(), " held out, ",
      board.config.studies, " studies of up to ", board.config.trials, " trials; trial by ",
      report.rule == TrialRule::kIndex ? "earliest evaluation (as published)" : "least time (as documented)", "\n\n");
  Table scores{{"submission", report.exact ? "score (integral)" : "score", report.exact ? "100 points" : "integral",
                "95% over studies", "without held-outs"},
               {},
               1};
  for (size_t s : shown.order) {
    double other = report.exact ? shown.scores.trapezoid[s] : shown.scores.exact[s];
    scores.rows.push_back({board.submissions[s], fixed(shown.ranked_by[s], 4), fixed(other, 4),
                           fixed(shown.sensitivity.low[s], 2) + " to " + fixed(shown.sensitivity.high[s], 2),
                           fixed(shown.sensitivity.without_held_out[s], 4)});
  }
  text += terminal_table(scores, "  ") + "\nSeconds to target, median over studies:\n";
  Table times{{"workload"}, {}, 1};
  for (size_t s : shown.order) times.head.push_back(board.submissions[s]);
  for (size_t w = 0; w < shown.table.workloads.size(); ++w) {
    std::vector<std::string> row{shown.table.workloads[w]};
    for (size_t s : shown.order) row.push_back(time_cell(shown.table.time[s][w]));
    times.rows.push_back(std::move(row));
  }
  text += terminal_table(times, "  ");
  if (shown.has_baseline) {
    text += "\nGeometric mean of times against " + report.baseline + " (misses count as budget + 1 s, as published):\n";
    for (size_t s : shown.order) {
      if (s == shown.baseline) continue;
      GeometricMean mean = geometric_mean_reduction(board, s, shown.baseline, report.resamples);
      text += cat("  ", board.submissions[s], ": ", percent(mean.reduction), " less time, ",
                  fixed(1 / (1 - mean.reduction), 3), "x; by the spacing of evaluations ", percent(mean.low), " to ",
                  percent(mean.high), ", over studies ", percent(mean.boot_low), " to ", percent(mean.boot_high), ", ",
                  mean.imputed, " of ", shown.table.workloads.size(), " workloads imputed\n");
    }
  }
  std::string notes;
  for (const auto& change : shown.sensitivity.pool) {
    if (change.changes_ranking)
      notes += cat("  without ", change.left_out, " the order is ", join(change.ranking, ", "), "\n");
  }
  for (const auto& change : shown.sensitivity.workloads) {
    if (change.changes_ranking)
      notes += cat("  without workload ", change.left_out, " the order is ", join(change.ranking, ", "), "\n");
  }
  for (size_t s = 0; s < board.submissions.size(); ++s) {
    double low = std::min({shown.scores.trapezoid[s], shown.first.trapezoid[s], shown.most.trapezoid[s]});
    double high = std::max({shown.scores.trapezoid[s], shown.first.trapezoid[s], shown.most.trapezoid[s]});
    if (low != high)
      notes += cat("  ", board.submissions[s], " scores ", fixed(low, 4), " or ", fixed(high, 4),
                   ": trials tie, and the published rule takes the one listed first\n");
    if (shown.min_time.trapezoid[s] != shown.scores.trapezoid[s]) {
      notes += cat("  ", board.submissions[s], " scores ", fixed(shown.min_time.trapezoid[s], 4),
                   " by the documented rule (least time)\n");
    }
  }
  for (const std::string& note : board.notes) notes += "  " + note + "\n";
  return notes.empty() ? text : text + "\nWhat the scores depend on:\n" + notes;
}

Json algoperf_json(const AlgoperfReport& report) {
  const AlgoperfBoard& board = report.board;
  Shown shown = computed(report);
  Json json{{"board", board.path},
            {"rule", report.rule == TrialRule::kIndex ? "index" : "min-time"},
            {"studies", board.config.studies},
            {"trials", board.config.trials}};
  for (const auto& [key, list] :
       {std::pair("workloads", &board.config.workloads), {"held_out", &board.config.held_out}}) {
    json[key] = Json::array();
    for (const AlgoperfWorkload& w : *list)
      json[key].push_back(
          {{"name", w.name}, {"metric", w.metric}, {"target", w.target}, {"direction", name(w.direction)}});
  }
  json["submissions"] = Json::array();
  const auto& studies = studies_of(report);
  for (size_t s : shown.order) {
    Json one{{"name", board.submissions[s]},
             {"score", shown.ranked_by[s]},
             {"score_trapezoid", shown.scores.trapezoid[s]},
             {"score_exact", shown.scores.exact[s]},
             {"score_min_time_rule", shown.min_time.trapezoid[s]},
             {"score_ties_first", shown.first.trapezoid[s]},
             {"score_ties_most", shown.most.trapezoid[s]},
             {"score_without_held_out", shown.sensitivity.without_held_out[s]},
             {"low", shown.sensitivity.low[s]},
             {"high", shown.sensitivity.high[s]}};
    one["time_to_target_s"] = one["time_bounds_s"] = one["ratio"] = Json::object();
    for (size_t w = 0; w < studies[s].size(); ++w) {
      bool base = w < shown.table.workloads.size();
      const std::string& name =
          base ? shown.table.workloads[w] : shown.table.held_out[w - shown.table.workloads.size()];
      one["time_to_target_s"][name] =
          time_json(base ? shown.table.time[s][w] : shown.table.held_out_time[s][w - shown.table.workloads.size()]);
      std::vector<double> low, high;
      for (const StudyTime& study : studies[s][w]) {
        low.push_back(study.low);
        high.push_back(study.high);
      }
      one["time_bounds_s"][name] = {time_json(stats::median(low)), time_json(stats::median(high))};
      if (base) one["ratio"][name] = time_json(shown.scores.ratio[s][w]);
    }
    one["time_reduction"] = nullptr;
    if (shown.has_baseline && s != shown.baseline) {
      GeometricMean mean = geometric_mean_reduction(board, s, shown.baseline, report.resamples);
      one["time_reduction"] = {{"over", report.baseline},           {"value", mean.reduction},
                               {"bounds", {mean.low, mean.high}},   {"bootstrap", {mean.boot_low, mean.boot_high}},
                               {"imputed_workloads", mean.imputed}, {"leave_one_out", Json::object()}};
      for (size_t w = 0; w < shown.table.workloads.size(); ++w)
        one["time_reduction"]["leave_one_out"][shown.table.workloads[w]] = mean.leave_one_out[w];
    }
    json["submissions"].push_back(std::move(one));
  }
  for (const auto& [key, changes] :
       {std::pair("without_submission", &shown.sensitivity.pool), {"without_workload", &shown.sensitivity.workloads}}) {
    json[key] = Json::array();
    for (const auto& change : *changes)
      json[key].push_back({{"left_out", change.left_out},
                           {"changes_ranking", change.changes_ranking},
                           {"ranking", change.ranking},
                           {"scores", change.scores}});
  }
  json["beats"] = Json::object();
  for (size_t a = 0; a < board.submissions.size(); ++a) {
    for (size_t b = 0; b < board.submissions.size(); ++b) {
      if (a != b) json["beats"][board.submissions[a]][board.submissions[b]] = shown.sensitivity.beats[a][b];
    }
  }
  json["notes"] = board.notes;
  return json;
}

}  // namespace hasten::report
