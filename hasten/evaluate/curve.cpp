// Envelopes and read-offs.
#include "hasten/evaluate/curve.h"

#include <algorithm>
#include <cmath>

#include "hasten/stats/moments.h"

namespace hasten::evaluate {
namespace {

template <class Member>
double mean_of(const std::vector<SeedPoint>& seeds, Member member) {
  stats::Moments moments;  // as all means of a comparison, so that equal values have equal means to the last digit
  for (const SeedPoint& seed : seeds) moments.add(seed.*member);
  return moments.mean;
}

}  // namespace

double CurvePoint::cost() const { return mean_of(seeds, &SeedPoint::cost); }
double CurvePoint::quality() const { return mean_of(seeds, &SeedPoint::quality); }

std::vector<EnvelopePoint> envelope(std::vector<EnvelopePoint> points, Direction direction) {
  std::sort(points.begin(), points.end(), [&](const EnvelopePoint& a, const EnvelopePoint& b) {
    return a.cost != b.cost ? a.cost < b.cost : advantage(a.quality, b.quality, direction) > 0;
  });
  std::vector<EnvelopePoint> upper;
  for (const EnvelopePoint& point : points) {
    if (std::isnan(point.quality) || !(point.cost > 0)) continue;
    if (upper.empty() || advantage(point.quality, upper.back().quality, direction) > 0) upper.push_back(point);
  }
  return upper;
}

std::vector<EnvelopePoint> envelope(const Curve& curve) {
  std::vector<EnvelopePoint> points;
  for (const CurvePoint& point : curve.points) points.push_back({point.cost(), point.quality()});
  return envelope(std::move(points), curve.direction);
}

std::optional<double> read_cost(std::span<const EnvelopePoint> envelope, double quality, Direction direction) {
  if (envelope.empty() || std::isnan(quality)) return std::nullopt;
  if (advantage(quality, envelope.front().quality, direction) < 0) return std::nullopt;
  if (quality == envelope.front().quality) return envelope.front().cost;
  for (size_t i = 1; i < envelope.size(); ++i) {
    const EnvelopePoint &left = envelope[i - 1], &right = envelope[i];
    if (!reaches(right.quality, quality, direction)) continue;
    if (right.quality == quality) return right.cost;
    double share = (quality - left.quality) / (right.quality - left.quality);
    return std::exp(std::log(left.cost) + share * (std::log(right.cost) - std::log(left.cost)));
  }
  return std::nullopt;
}

std::optional<double> read_quality(const Curve& curve, double cost) {
  std::vector<EnvelopePoint> upper = envelope(curve);
  double last = 0;
  for (const CurvePoint& point : curve.points) last = std::max(last, point.cost());
  if (upper.empty() || !(cost >= upper.front().cost) || cost > last) return std::nullopt;
  return read_quality(upper, cost);
}

double read_quality(std::span<const EnvelopePoint> upper, double cost) {
  for (size_t i = 1; i < upper.size(); ++i) {
    const EnvelopePoint &left = upper[i - 1], &right = upper[i];
    if (cost > right.cost) continue;
    double share = (std::log(cost) - std::log(left.cost)) / (std::log(right.cost) - std::log(left.cost));
    return left.quality + share * (right.quality - left.quality);
  }
  return upper.back().quality;
}

std::optional<double> speedup_at(const Curve& base, const Curve& method, double quality) {
  auto base_cost = read_cost(envelope(base), quality, base.direction);
  auto method_cost = read_cost(envelope(method), quality, method.direction);
  if (!base_cost || !method_cost) return std::nullopt;
  return *base_cost / *method_cost;
}

std::vector<FrontierPoint> pareto_frontier(std::span<const Curve> curves) {
  struct Candidate {
    double cost, quality;
    FrontierPoint where;
  };
  std::vector<Candidate> all;
  for (size_t c = 0; c < curves.size(); ++c) {
    for (size_t p = 0; p < curves[c].points.size(); ++p) {
      all.push_back({curves[c].points[p].cost(), curves[c].points[p].quality(), {c, p}});
    }
  }
  if (all.empty()) return {};
  Direction direction = curves.front().direction;
  std::sort(all.begin(), all.end(), [&](const Candidate& a, const Candidate& b) {
    return a.cost != b.cost ? a.cost < b.cost : advantage(a.quality, b.quality, direction) > 0;
  });
  std::vector<FrontierPoint> frontier;
  double best = 0;
  for (const Candidate& candidate : all) {
    if (!frontier.empty() && !(advantage(candidate.quality, best, direction) > 0)) continue;
    best = candidate.quality;
    frontier.push_back(candidate.where);
  }
  return frontier;
}

}  // namespace hasten::evaluate
