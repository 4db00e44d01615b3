// progressive_augmentation: the strength m of every augmentation (and rate of dropped branches) of the recipe grows in a
// line from `start` m at the beginning to m at `until`: easy images are learnt from plain ones first.
// Tan, Le, EfficientNetV2: smaller models and faster training (arXiv:2104.00298), where it goes with growing images.
#include "hasten/methods/derived_data/progressive_augmentation.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"

namespace hasten {

Schedule growing_strength(const ProgressiveAugmentationParams& params, double full) {
  return Schedule({{{0, Unit::kFraction}, params.start * full}, {{params.until, Unit::kFraction}, full}});
}

namespace {

class ProgressiveAugmentation final : public MethodOf<ProgressiveAugmentationParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    if (params_.start >= 1) return;
    if (plan.run.strengths.empty()) {
      throw ConfigError("method.progressive_augmentation", "augmentation in the recipe whose strength can grow", "none",
                        "for example data.translate = 2, or the methods cutout, cutmix or mixup");
    }
    const bool acts = std::any_of(plan.run.strengths.begin(), plan.run.strengths.end(),
                                  [&](const Strength& strength) { return grows(strength); });
    if (!acts) {
      throw ConfigError("method.progressive_augmentation.start", "a share that is less than the whole in full pixels",
                        cat(number(params_.start), " of ", plan.run.strengths.front().path, " = ",
                            number(plan.run.strengths.front().full)));
    }
    for (const Strength& strength : plan.run.strengths) {
      auto [entry, added] = plan.run.schedules.emplace(strength.path, growing_strength(params_, strength.full));
      if (added) continue;
      throw ConfigError("method.progressive_augmentation", "strengths without a schedule of their own",
                        "schedule." + strength.path + " in the recipe", "remove it, or this method");
    }
  }

  void state(StateVisitor&) override {}  // acts on the plan only

 private:
  // Images are shifted by whole pixels: six tenths of one are one.
  bool grows(const Strength& strength) const {
    return strength.path != "data.translate" || std::llround(params_.start * strength.full) < strength.full;
  }
};

}  // namespace

std::unique_ptr<Method> make_progressive_augmentation(const ProgressiveAugmentationParams& params) {
  return std::make_unique<ProgressiveAugmentation>(params);
}

}  // namespace hasten
