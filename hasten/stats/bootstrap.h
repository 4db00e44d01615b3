// Resampling intervals. Draws are a pure function of (seed, resample number), so results never depend on order or threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace hasten::stats {

struct BootstrapOptions {
  int64_t resamples = 10000;
  uint64_t seed = 20230101;
  double confidence = 0.95;
};

// Infinite estimates take part (a target that a resample does not reach costs +inf); NaN ones do not.
struct Interval {
  double point = 0, low = 0, high = 0;
  double infinite_share = 0;  // of the resamples
  int64_t resamples = 0;  // that gave a value
};

// Indices drawn with replacement, one list per stratum.
using Draw = std::vector<std::vector<uint32_t>>;
using Statistic = std::function<double(const Draw&)>;

// The b-th resample of strata with these sizes; `draw` is reused between calls.
void resample(std::span<const size_t> sizes, uint64_t seed, uint64_t b, Draw& draw);

Interval percentile_interval(std::vector<double> estimates, double point, double confidence);

// Bias-corrected and accelerated (Efron 1987). `jackknife`: the statistic with one value left out, for every value.
Interval bca_interval(std::vector<double> estimates, double point, std::span<const double> jackknife,
                      double confidence);

// Every stratum resampled on its own ("stratified").
Interval bootstrap(std::span<const size_t> sizes, const Statistic& statistic, const BootstrapOptions& options = {});
Interval bca_bootstrap(std::span<const size_t> sizes, const Statistic& statistic, const BootstrapOptions& options = {});

// Clusters (hosts, sessions) are drawn with replacement and bring all their members: `clusters[i]` holds the indices of
// the values in cluster i. The statistic gets one list.
Interval cluster_bootstrap(std::span<const std::vector<uint32_t>> clusters, const Statistic& statistic,
                           const BootstrapOptions& options = {});

}  // namespace hasten::stats
