// The two kinds of blocks that transformers are made of: attention, and a small network for each position, each behind a
// norm and beside a shortcut (Vaswani et al. 2017, arXiv:1706.03762; norms first: Xiong et al. 2020, arXiv:2002.04745).
#pragma once

#include "hasten/spec/layers/attention.h"
#include "hasten/spec/layers/elementwise.h"
#include "hasten/spec/layers/normalization.h"
#include "hasten/spec/model_plan.h"

namespace hasten {

enum class NormKind { kLayer, kRootMeanSquare };
constexpr std::array<std::string_view, 2> choices(NormKind) { return {"layer", "rms"}; }

struct TransformerBlocks {
  int64_t layers = 1, width = 1;
  double expansion = 4;  // hidden features of the small network, as a multiple of width
  NormKind norm = NormKind::kLayer;
  bool norm_scale = true, bias = true;
  ActivationKind activation = ActivationKind::kGelu;
  bool gated = false;
  double dropout = 0;
  SelfAttention attention;

  FeatureNorm norm_layer() const;
  Block attention_block(int64_t index) const;  // "attention1", ...
  Block network_block(int64_t index) const;  // "network1", ...
  void add_dropout(Block& block) const;  // if there is any
  // Start values of GPT-2, of all matrices and biases: the matrices that add to the residual stream are smaller, so that
  // its variance does not grow with depth.
  void initialise(ModelPlan& plan) const;
};

}  // namespace hasten
