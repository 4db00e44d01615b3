// Augmentation that changes each image by itself.
#include "hasten/data/pixel_transform.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/data/dataset.h"

namespace hasten {
namespace {

constexpr int64_t kLevels = 256;

// Bytes of normalised values and back, of channels that take turns.
class Bytes {
 public:
  explicit Bytes(const ByteTable& table) : table_(table), channels_(table.size() / kLevels) {
    for (size_t c = 0; c < channels_; ++c) {
      const float low = table[c * kLevels], high = table[(c + 1) * kLevels - 1];
      low_.push_back(low);
      scale_.push_back(static_cast<float>(kLevels - 1) / (high - low));
    }
  }
  void from(const float* values, uint8_t* bytes, size_t count) const {
    for (size_t i = 0, c = 0; i < count; ++i, c = c + 1 == channels_ ? 0 : c + 1)
      bytes[i] = static_cast<uint8_t>(std::clamp(std::nearbyint((values[i] - low_[c]) * scale_[c]), 0.0f, 255.0f));
  }
  void to(const uint8_t* bytes, float* values, size_t count) const {
    for (size_t i = 0, c = 0; i < count; ++i, c = c + 1 == channels_ ? 0 : c + 1)
      values[i] = table_[c * kLevels + bytes[i]];
  }

 private:
  const ByteTable& table_;
  size_t channels_;
  std::vector<float> low_, scale_;
};

void refuse_schedule(const RunPlan& plan, const std::string& begin) {
  const auto at = plan.schedules.lower_bound(begin);
  if (at == plan.schedules.end() || at->first.rfind(begin, 0) != 0) return;
  throw ConfigError("loader.augment", "'batch' beside a schedule of " + at->first, "'sample'",
                    "samples are read ahead, before it is known how strong their augmentation is to be");
}

}  // namespace

void PixelTransform::apply(Batch& batch, const State& state) {
  HASTEN_CHECK(state.train_data != nullptr, "data whose normalisation is known");
  HASTEN_CHECK(batch.inputs.dim() == 4 && batch.inputs.scalar_type() == at::kFloat, "float images [n, c, h, w]");
  HASTEN_CHECK(batch.inputs.size(0) == static_cast<int64_t>(batch.ids.size()), "one id an image");
  batch.inputs = channels_last(batch.inputs);
  const int64_t count = batch.inputs.size(0), channels = batch.inputs.size(1);
  const int height = static_cast<int>(batch.inputs.size(2)), width = static_cast<int>(batch.inputs.size(3));
  const int64_t values = channels * height * width;
  const Bytes table(state.train_data->normalisation());
  const std::vector<ColourStep> steps{step()};
  float* images = batch.inputs.mutable_data_ptr<float>();
  at::parallel_for(0, count, images_per_thread(values), [&](int64_t begin, int64_t end) {
    ColourScratch scratch;
    std::vector<uint8_t> bytes(static_cast<size_t>(values));
    for (int64_t i = begin; i < end; ++i) {
      float* image = images + i * values;
      table.from(image, bytes.data(), bytes.size());
      apply_steps(steps, {bytes.data(), width, height, static_cast<int>(channels)},
                  {state.seed, static_cast<uint64_t>(batch.epoch), batch.ids[static_cast<size_t>(i)]}, scratch);
      table.to(bytes.data(), image, bytes.size());
    }
  });
}

SampleSteps sample_steps(const RunPlan& plan, Engine& engine) {
  SampleSteps steps;
  if (plan.recipe.loader.augment != AugmentBy::kSample) return steps;
  for (const TransformPlan& transform : plan.transforms) {
    if (transform.name == "flip") steps.flip = transform.params.as<FlipSettings>().kind;
    else if (transform.name == "translate") steps.translate = transform.params.as<TranslateSettings>().pixels;
    else throw InternalError("no transform '" + transform.name + "' in a loader");
  }
  refuse_schedule(plan, "data.translate");
  for (const Engine::Active& active : engine.methods()) {
    if (dynamic_cast<const PixelTransform*>(active.method.get()) == nullptr) continue;
    refuse_schedule(plan, "method." + active.choice.spec->name + ".");
  }
  bool wants_batch = false;
  for (size_t i = 0; i < engine.count<BatchTransform>(); ++i) {
    const auto* pixels = dynamic_cast<const PixelTransform*>(&engine.look<BatchTransform>(i));
    if (pixels != nullptr && wants_batch) {
      throw ConfigError("loader.augment", "'batch' where a method changes batches before another changes pixels",
                        "'sample'", "the order would be another one");
    }
    wants_batch = wants_batch || pixels == nullptr;
    if (pixels != nullptr) steps.colour.push_back(pixels->step());
  }
  return steps;
}

}  // namespace hasten
