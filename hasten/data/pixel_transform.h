// Augmentation that changes each image by itself and on its bytes: on the batch, or by the threads that read samples.
#pragma once

#include <vector>

#include "hasten/data/transform.h"
#include "hasten/loader/images/augment.h"

namespace hasten {

// A part of a method that is one step on finished pixels. The draws of a sample depend on (seed, epoch, sample) alone, so
// both ways give the same images, as long as the values of the batch are still those of bytes; others are rounded to them.
class PixelTransform : public BatchTransform {
 public:
  // With the settings of this moment.
  virtual ColourStep step() const = 0;
  void apply(Batch& batch, const State& state) final;
};

// What a loader does to each sample of the training data, in this order.
struct SampleSteps {
  FlipKind flip = FlipKind::kNone;
  int64_t translate = 0;
  std::vector<ColourStep> colour;
};
// Flips, shifts and pixel transforms of a run with loader.augment = "sample"; nothing of one that augments batches. Throws
// ConfigError where a schedule changes them (samples are read ahead), and where a part that needs the batch comes before.
SampleSteps sample_steps(const RunPlan& plan, Engine& engine);

}  // namespace hasten
