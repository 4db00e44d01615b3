// Comparison as JSON: everything the other reports show, and the series that the charts draw.
#include <algorithm>
#include <cmath>

#include "hasten/base/json.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/report/comparison_text.h"
#include "hasten/report/wording.h"
#include "hasten/stats/moments.h"

namespace hasten::report {
namespace {

using namespace evaluate;

Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
Json maybe(const std::optional<double>& value) { return value ? finite(*value) : Json(nullptr); }

Json spread_json(const Spread& spread) {
  return {
      {"n", spread.values.size()}, {"mean", finite(spread.mean)}, {"sd", maybe(spread.sd)}, {"values", spread.values}};
}

Json ratio_json(const stats::Ratio& ratio) {
  Json json{{"ratio", finite(ratio.value)}};
  json["low"] = ratio.has_interval ? finite(ratio.low) : Json(nullptr);
  json["high"] = ratio.has_interval ? finite(ratio.high) : Json(nullptr);
  json["p"] = ratio.has_interval ? finite(ratio.p_two_sided) : Json(nullptr);
  return json;
}

Json point_json(const Comparison& comparison, const Point& point) {
  Json json{{"budget", point.budget},
            {"kind", point.kind == PointKind::kCyclic ? "cyclic" : "standard"},
            {"runs", Json::array()},
            {"failed", Json::array()}};
  for (size_t i : point.runs) json["runs"].push_back(comparison.runs[i].record.id);
  for (size_t i : point.failed) json["failed"].push_back(comparison.runs[i].record.id);
  json["quality"] = point.quality ? spread_json(*point.quality) : Json(nullptr);
  json["costs"] = Json::object();
  for (Cost cost : all_costs()) {
    auto found = point.costs.find(cost);
    json["costs"][std::string(name(cost))] = found == point.costs.end() ? Json(nullptr) : spread_json(found->second);
  }
  if (point.target) {
    json["meets_target"] = point.target->mean_reaches;
    json["reached"] = point.target->reached;
    json["p"] = maybe(point.target->p);
  }
  json["tuning_cost"] = maybe(point.tuning_cost);
  json["expected_best"] = Json::array();
  auto trials = static_cast<double>(point.expected_best.size());
  for (size_t n = 1; n <= point.expected_best.size(); ++n) {
    Json one{{"trials", n}, {"quality", finite(point.expected_best[n - 1])}};
    bool known = point.tuning_cost && point.tuning_has_runs;
    one["cost"] = known ? finite(*point.tuning_cost * static_cast<double>(n) / trials) : Json(nullptr);
    json["expected_best"].push_back(std::move(one));
  }
  return json;
}

// One variant of a group's time to target: null with the reason where there is none.
Json target_time_json(const Group& group, const TargetTime& time) {
  if (time.high.empty()) return {{"mean", nullptr}, {"low", nullptr}, {"high", nullptr}, {"missing", time.missing}};
  double high = stats::moments(time.high).mean;
  return {{"mean", high},
          {"low", stats::moments(time.low).mean},
          {"high", high},
          {"values", time.high},
          {"budget", group.points[time.point].budget}};
}

Json speedups_json(const std::vector<SpeedupPoint>& speedups) {
  Json list = Json::array();
  for (const SpeedupPoint& at : speedups) {
    list.push_back({{"quality", at.quality},
                    {"speedup", maybe(at.speedup)},
                    {"low", maybe(at.low)},
                    {"high", maybe(at.high)},
                    {"missed_share", at.missed_share}});
  }
  return list;
}

Json frontier_json(const std::vector<Curve>& curves, const std::vector<FrontierPoint>& frontier) {
  Json list = Json::array();
  for (const FrontierPoint& at : frontier) {
    const CurvePoint& point = curves[at.curve].points[at.point];
    list.push_back({{"group", curves[at.curve].group},
                    {"budget", point.budget},
                    {"cost", point.cost()},
                    {"quality", point.quality()}});
  }
  return list;
}

Json anchors_json(const Group& group) {
  Json json{{"offsets", Json::array()}, {"missing", nullptr}};
  if (group.anchors.size() < 2) json["missing"] = "fewer than two standard anchors: no offset";
  for (const Anchor& anchor : group.anchors) {
    if (group.anchors.size() < 2) break;
    json["offsets"].push_back({{"budget", anchor.budget}, {"cost", anchor.cost}, {"offset", anchor.offset}});
  }
  return json;
}

Json pair_json(const Comparison& comparison, const Pair& pair) {
  Json json{{"baseline", comparison.baseline().name},
            {"method", comparison.groups[pair.method].name},
            {"verdict", name(pair.verdict)},
            {"reason", pair.reason},
            {"headline", headline(comparison, pair)}};
  json["time_to_target"] = pair.time_to_target ? ratio_json(*pair.time_to_target) : Json(nullptr);
  json["bounds"] = {maybe(pair.bound_low), maybe(pair.bound_high)};
  json["ratios"] = Json::object();
  for (const auto& [cost, ratio] : pair.ratios) json["ratios"][std::string(name(cost))] = ratio_json(ratio);
  json["quality_difference"] = nullptr;
  if (pair.quality) {
    json["quality_difference"] = {{"mean", finite(pair.quality->difference)},
                                  {"low", finite(pair.quality->low)},
                                  {"high", finite(pair.quality->high)},
                                  {"p", finite(pair.quality->p_two_sided)}};
  }
  json["smallest_detectable"] = pair.detectable ? Json(1 + *pair.detectable) : Json(nullptr);
  json["with_tuning"] = maybe(pair.with_tuning);
  json["variants"] = Json::object();
  for (const auto& [variant, time] : comparison.groups[pair.method].times) {
    auto found = pair.times.find(variant);
    Json& one = json["variants"][std::string(name(variant))] = nullptr;
    if (found == pair.times.end()) continue;
    one = ratio_json(found->second.ratio);
    one["bounds"] = {maybe(found->second.bound_low), maybe(found->second.bound_high)};
  }
  json["speedup_by_target"] = speedups_json(pair.speedups);
  if (!pair.cyclic_speedups.empty()) json["cyclic_speedup_by_target"] = speedups_json(pair.cyclic_speedups);
  json["gain_by_cost"] = Json::array();
  for (const GainPoint& at : pair.gains) {
    json["gain_by_cost"].push_back(
        {{"cost", at.cost}, {"gain", maybe(at.gain)}, {"low", maybe(at.low)}, {"high", maybe(at.high)}});
  }
  return json;
}

// (cost, quality) at the evaluations; thinned so that a page stays small.
Json series_json(const Comparison& comparison, const Run& run) {
  constexpr size_t kMost = 400;
  std::vector<Reading> all = readings(run, comparison.metric);
  Json series = Json::array();
  size_t step = std::max<size_t>(1, (all.size() + kMost - 1) / kMost);
  for (size_t i = 0; i < all.size(); ++i) {
    if (i % step != 0 && i + 1 != all.size()) continue;
    auto cost = event_cost(run, run.events[all[i].event], comparison.cost);
    if (cost && std::isfinite(all[i].value) && std::isfinite(*cost)) series.push_back({*cost, all[i].value});
  }
  return series;
}

Json run_json(const Comparison& comparison, const Run& run) {
  Json json{{"id", run.record.id},
            {"group", run.record.group},
            {"budget", budget_name(run.record)},
            {"status", name(run.record.status)}};
  json["seed"] = run.record.seed ? Json(*run.record.seed) : Json(nullptr);
  json["quality"] = maybe(quality(run, comparison.metric));
  json["costs"] = Json::object();
  for (Cost cost : all_costs()) json["costs"][std::string(name(cost))] = maybe(run_cost(run, cost));
  json["series"] = series_json(comparison, run);
  if (!run.record.not_found.empty()) json["not_found"] = run.record.not_found;
  return json;
}

}  // namespace

Json lints_json(const std::vector<LintResult>& lints) {
  Json list = Json::array();
  for (const LintResult& lint : lints) {
    Json one{{"id", lint.id},
             {"name", lint.name},
             {"outcome", name(lint.outcome)},
             {"hits", Json::array()},
             {"missing", lint.missing}};
    for (const Hit& hit : lint.hits)
      one["hits"].push_back({{"severity", name(hit.severity)}, {"where", hit.where}, {"message", hit.message}});
    list.push_back(std::move(one));
  }
  return list;
}

bool has_errors(const std::vector<LintResult>& lints) { return count_lints(lints).errors > 0; }

Json comparison_json(const Comparison& comparison) {
  Json json{{"workload", comparison.workload},
            {"metric", metric_name(comparison.metric)},
            {"direction", name(comparison.metric.direction)}};
  json["target"] = maybe(comparison.target);
  json["target_from_baseline"] = comparison.target_from_baseline;
  json["cost"] = name(comparison.cost);
  json["cost_label"] = label(comparison.cost);
  json["variant"] = name(comparison.variant);
  json["kind"] = comparison.kind == PointKind::kCyclic ? "cyclic" : "standard";
  json["confidence"] = comparison.options.confidence;
  json["pairs"] = Json::array();
  for (const Pair& pair : comparison.pairs) json["pairs"].push_back(pair_json(comparison, pair));
  json["groups"] = Json::array();
  for (const Group& group : comparison.groups) {
    Json one{{"name", group.name},
             {"role", name(group.role)},
             {"reaches_target", group.reaches_target},
             {"headline", group.headline},
             {"points", Json::array()}};
    for (const Point& point : group.points) one["points"].push_back(point_json(comparison, point));
    one["times"] = Json::object();
    for (const auto& [variant, time] : group.times)
      one["times"][std::string(name(variant))] = target_time_json(group, time);
    if (!comparison.cyclic_curves.empty()) one["cyclic_anchors"] = anchors_json(group);
    json["groups"].push_back(std::move(one));
  }
  json["frontier"] = frontier_json(comparison.curves, comparison.frontier);
  if (!comparison.cyclic_curves.empty())
    json["cyclic_frontier"] = frontier_json(comparison.cyclic_curves, comparison.cyclic_frontier);
  json["lints"] = lints_json(comparison.lints);
  json["runs"] = Json::array();
  for (const Group& group : comparison.groups) {
    for (size_t i : group.runs) json["runs"].push_back(run_json(comparison, comparison.runs[i]));
  }
  return json;
}

}  // namespace hasten::report
