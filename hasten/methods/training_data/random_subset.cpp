// random_subset: of the n samples of an epoch, round(keep n) that are drawn at random: once for the run, or anew for each
// epoch. A budget in epochs is one of these shorter epochs.
// The baseline of data pruning: Guo, Zhao, Bai, DeepCore (arXiv:2204.08499); redrawn in each epoch it is hard to beat:
// Okanovic et al., Repeated random sampling for minimizing the time-to-accuracy of learning (arXiv:2305.18424).
#include "hasten/methods/training_data/random_subset.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"
#include "hasten/data/sampler.h"

namespace hasten {

// How many of `count` samples a share of them is; never none.
int64_t subset_size(int64_t count, double keep) {
  return std::max<int64_t>(1, std::llround(keep * static_cast<double>(count)));
}

// Leaves a random share of the samples, in their order. `draw` numbers the drawings.
void keep_random(EpochSamples& samples, double keep, uint64_t seed, uint64_t draw) {
  // By the rank of a number that belongs to the sample, so that the choice does not depend on the order.
  std::vector<std::pair<double, size_t>> ranked;
  for (size_t i = 0; i < samples.ids.size(); ++i) {
    RandomStream random(seed, operation("random_subset.rank"), draw, static_cast<uint64_t>(samples.ids[i]));
    ranked.emplace_back(random.uniform(), i);
  }
  const auto count = static_cast<size_t>(subset_size(static_cast<int64_t>(ranked.size()), keep));
  if (count >= ranked.size()) return;
  std::nth_element(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count), ranked.end());
  std::vector<size_t> places;
  for (size_t i = 0; i < count; ++i) places.push_back(ranked[i].second);
  std::sort(places.begin(), places.end());
  EpochSamples kept{samples.epoch, {}, {}};
  for (size_t place : places) {
    kept.ids.push_back(samples.ids[place]);
    if (!samples.weights.empty()) kept.weights.push_back(samples.weights[place]);
  }
  samples = std::move(kept);
}

namespace {

class RandomSubset final : public MethodOf<RandomSubsetParams>, public SamplerPart {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    if (params_.keep >= 1) return;
    const int64_t all = plan.run.epoch_samples, kept = subset_size(all, params_.keep);
    if (kept == all || kept < plan.run.batch.size) {
      throw ConfigError("method.random_subset.keep",
                        kept == all ? cat("a share that leaves some of ", all, " samples out")
                                    : cat("a share with the ", plan.run.batch.size, " samples of a batch"),
                        cat(number(params_.keep), ", which is ", kept, " samples"));
    }
    plan.run.epoch_samples = kept;
  }

  void epoch(EpochSamples& samples, const State& state) override {
    const bool redraw = params_.draw == SubsetDraw::kRedraw;
    keep_random(samples, params_.keep, state.seed, redraw ? static_cast<uint64_t>(samples.epoch) : 0);
  }

  void state(StateVisitor&) override {}  // draws are functions of seed and epoch
};

}  // namespace

std::unique_ptr<Method> make_random_subset(const RandomSubsetParams& params) {
  return std::make_unique<RandomSubset>(params);
}

}  // namespace hasten
