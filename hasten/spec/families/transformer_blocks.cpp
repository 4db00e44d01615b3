// Blocks of transformers.
#include "hasten/spec/families/transformer_blocks.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/text.h"
#include "hasten/spec/layers/dense.h"

namespace hasten {
namespace {

constexpr double kNormEpsilon = 1e-5;
constexpr double kDeviation = 0.02;  // of start values, as in GPT-2

}  // namespace

FeatureNorm TransformerBlocks::norm_layer() const {
  const bool root_mean_square = norm == NormKind::kRootMeanSquare;
  return {root_mean_square, kNormEpsilon, norm_scale, norm_scale && bias && !root_mean_square};
}

void TransformerBlocks::add_dropout(Block& block) const {
  if (dropout > 0) block.add("dropout", Dropout{dropout});
}

Block TransformerBlocks::attention_block(int64_t index) const {
  Block block{cat("attention", index), Part::kBody, {}, true, {}, {}};
  block.add("norm", norm_layer());
  block.add("attention", attention);
  add_dropout(block);
  return block;
}

Block TransformerBlocks::network_block(int64_t index) const {
  Block block{cat("network", index), Part::kBody, {}, true, {}, {}};
  const auto hidden = std::max<int64_t>(1, std::llround(expansion * static_cast<double>(width)));
  block.add("norm", norm_layer());
  block.add("expand", Linear{gated ? 2 * hidden : hidden, bias});
  if (gated) block.add("gate", Gate{activation});
  else block.add("activation", Activation{activation});
  block.add("output", Linear{width, bias});
  add_dropout(block);
  return block;
}

void TransformerBlocks::initialise(ModelPlan& plan) const {
  plan.each_layer([&](Block& block, Layer& layer) {
    for (ParameterPlan& parameter : layer.parameters) {
      if (parameter.role == Role::kBias) parameter.init = {};
      if (parameter.role != Role::kMatrix) continue;
      const bool adds = block.residual && (parameter.name == "output_weight" || layer.name == "output");
      parameter.init = {InitKind::kNormal, kDeviation / (adds ? std::sqrt(2.0 * static_cast<double>(layers)) : 1)};
    }
  });
}

}  // namespace hasten
