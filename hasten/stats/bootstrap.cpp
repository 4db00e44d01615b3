// Bootstrap: stratified, by clusters, percentile and BCa.
#include "hasten/stats/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/rng.h"
#include "hasten/stats/distributions.h"
#include "hasten/stats/moments.h"

namespace hasten::stats {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Order statistic of sorted values at p, without arithmetic on infinities.
double at_share(const std::vector<double>& sorted, double p) {
  if (sorted.empty()) return kNan;
  double place = std::clamp(p, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  auto below = static_cast<size_t>(place);
  size_t above = std::min(below + 1, sorted.size() - 1);
  double share = place - static_cast<double>(below);
  if (share == 0 || sorted[below] == sorted[above]) return sorted[below];
  if (std::isinf(sorted[below])) return sorted[below];
  return sorted[below] + share * (sorted[above] - sorted[below]);
}

Interval prepared(std::vector<double>& estimates, double point) {
  estimates.erase(std::remove_if(estimates.begin(), estimates.end(), [](double x) { return std::isnan(x); }),
                  estimates.end());
  std::sort(estimates.begin(), estimates.end());
  Interval interval;
  interval.point = point;
  interval.resamples = static_cast<int64_t>(estimates.size());
  auto infinite = std::count_if(estimates.begin(), estimates.end(), [](double x) { return std::isinf(x); });
  if (!estimates.empty())
    interval.infinite_share = static_cast<double>(infinite) / static_cast<double>(estimates.size());
  return interval;
}

Draw whole(std::span<const size_t> sizes) {
  Draw draw(sizes.size());
  for (size_t s = 0; s < sizes.size(); ++s) {
    for (uint32_t i = 0; i < sizes[s]; ++i) draw[s].push_back(i);
  }
  return draw;
}

std::vector<double> estimates_of(std::span<const size_t> sizes, const Statistic& statistic,
                                 const BootstrapOptions& options) {
  std::vector<double> estimates;
  estimates.reserve(static_cast<size_t>(options.resamples));
  Draw draw;
  for (int64_t b = 0; b < options.resamples; ++b) {
    resample(sizes, options.seed, static_cast<uint64_t>(b), draw);
    estimates.push_back(statistic(draw));
  }
  return estimates;
}

}  // namespace

void resample(std::span<const size_t> sizes, uint64_t seed, uint64_t b, Draw& draw) {
  RandomStream stream(seed, operation("stats.bootstrap"), 0, b);
  draw.resize(sizes.size());
  for (size_t s = 0; s < sizes.size(); ++s) {
    draw[s].resize(sizes[s]);
    // A 32-bit draw times the size: the bias is below 2^-32 * size, which no interval can show.
    for (uint32_t& index : draw[s]) index = static_cast<uint32_t>((uint64_t{stream.bits()} * sizes[s]) >> 32);
  }
}

Interval percentile_interval(std::vector<double> estimates, double point, double confidence) {
  Interval interval = prepared(estimates, point);
  interval.low = at_share(estimates, (1 - confidence) / 2);
  interval.high = at_share(estimates, (1 + confidence) / 2);
  return interval;
}

Interval bca_interval(std::vector<double> estimates, double point, std::span<const double> jackknife,
                      double confidence) {
  Interval interval = prepared(estimates, point);
  auto n = static_cast<double>(estimates.size());
  auto below = static_cast<double>(std::lower_bound(estimates.begin(), estimates.end(), point) - estimates.begin());
  auto equal =
      static_cast<double>(std::upper_bound(estimates.begin(), estimates.end(), point) - estimates.begin()) - below;
  double share = (below + equal / 2) / n;
  if (!(share > 0 && share < 1)) return percentile_interval(std::move(estimates), point, confidence);
  double bias = normal_quantile(share);
  double center = moments(jackknife).mean, cubes = 0, squares = 0;
  for (double value : jackknife) {
    cubes += std::pow(center - value, 3);
    squares += (center - value) * (center - value);
  }
  double acceleration = squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
  auto adjusted = [&](double p) {
    double z = bias + normal_quantile(p);
    return normal_cdf(bias + z / (1 - acceleration * z));
  };
  interval.low = at_share(estimates, adjusted((1 - confidence) / 2));
  interval.high = at_share(estimates, adjusted((1 + confidence) / 2));
  return interval;
}

Interval bootstrap(std::span<const size_t> sizes, const Statistic& statistic, const BootstrapOptions& options) {
  return percentile_interval(estimates_of(sizes, statistic, options), statistic(whole(sizes)), options.confidence);
}

Interval bca_bootstrap(std::span<const size_t> sizes, const Statistic& statistic, const BootstrapOptions& options) {
  const Draw all = whole(sizes);
  std::vector<double> jackknife;
  for (size_t s = 0; s < sizes.size(); ++s) {
    if (sizes[s] < 2) continue;  // a stratum of one cannot lose it
    for (size_t i = 0; i < sizes[s]; ++i) {
      Draw draw = all;
      draw[s].erase(draw[s].begin() + static_cast<ptrdiff_t>(i));
      jackknife.push_back(statistic(draw));
    }
  }
  return bca_interval(estimates_of(sizes, statistic, options), statistic(all), jackknife, options.confidence);
}

Interval cluster_bootstrap(std::span<const std::vector<uint32_t>> clusters, const Statistic& statistic,
                           const BootstrapOptions& options) {
  Draw all(1), draw(1), chosen;
  for (const auto& cluster : clusters) all[0].insert(all[0].end(), cluster.begin(), cluster.end());
  std::vector<double> estimates;
  size_t count = clusters.size();
  for (int64_t b = 0; b < options.resamples; ++b) {
    resample(std::span(&count, 1), options.seed, static_cast<uint64_t>(b), chosen);
    draw[0].clear();
    for (uint32_t cluster : chosen[0])
      draw[0].insert(draw[0].end(), clusters[cluster].begin(), clusters[cluster].end());
    estimates.push_back(statistic(draw));
  }
  return percentile_interval(std::move(estimates), statistic(all), options.confidence);
}

}  // namespace hasten::stats
