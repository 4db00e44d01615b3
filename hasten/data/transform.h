// What becomes of a batch before it is trained on: the recipe's own augmentation and methods', in one chain by phase.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "hasten/core/engine.h"
#include "hasten/data/batch.h"

namespace hasten {

// The seam for methods. `apply` sees the whole batch, before it is cut into microbatches.
class BatchTransform {
 public:
  static constexpr Seam kSeam = Seam::kBatchTransform;
  virtual ~BatchTransform() = default;
  virtual void apply(Batch& batch, const State& state) = 0;
};

// The recipe's own transforms and the methods' parts, merged by phase; the recipe's come first within one.
class TransformChain {
 public:
  // `augmented`: the recipe's own transforms and pixel transforms were done sample by sample when the batch was read.
  TransformChain(const RunPlan& plan, Engine& engine, bool augmented = false);
  ~TransformChain();
  void apply(Batch& batch, const State& state);
  // The number that a schedule of "data.translate" sets, or nullptr.
  double* scheduled(std::string_view path);

 private:
  struct Link;
  Engine& engine_;
  std::optional<double> translate_;  // pixels, where the recipe has it; rounded when used
  std::vector<Link> links_;
};

// Mirrors each image left to right by a coin keyed by (seed, epoch, sample id).
void flip_images(Batch& batch, uint64_t seed);
// Every other epoch each image is mirrored, and a coin says which comes first: a sample is seen as it is and mirrored in
// turn, so half of the epochs repeat nothing (K. Jordan, 94% on CIFAR-10 in 3.29 seconds, arXiv:2404.00498).
void alternate_images(Batch& batch, uint64_t seed);
// Mirrors the images whose place says so.
void mirror_images(Batch& batch, const std::vector<char>& mirrored);
// Shifts each image by up to `pixels` in each direction, reflecting at the border; keyed like flip_images.
void translate_images(Batch& batch, int64_t pixels, uint64_t seed);

}  // namespace hasten
