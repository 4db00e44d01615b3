// vit: images cut into patches, which attend to each other (Dosovitskiy et al. 2021, arXiv:2010.11929; pooling instead of a
// class token: Beyer, Zhai, Kolesnikov 2022, arXiv:2205.01580).
#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/spec/families/transformer_blocks.h"
#include "hasten/spec/family.h"
#include "hasten/spec/layers/convolution.h"
#include "hasten/spec/layers/dense.h"
#include "hasten/spec/layers/embedding.h"
#include "hasten/spec/layers/sequence.h"

namespace hasten {
namespace {

enum class VitReadout { kClassToken, kAverage };
constexpr std::array<std::string_view, 2> choices(VitReadout) { return {"class_token", "average"}; }

struct VitParams {
  int64_t patch = 4, layers = 6, width = 192, heads = 3;
  double expansion = 4;
  VitReadout readout = VitReadout::kClassToken;
  ActivationKind activation = ActivationKind::kGelu;
  double dropout = 0;
  AttentionKernel attention = AttentionKernel::kAuto;
  static constexpr auto schema() {
    using P = VitParams;
    return std::tuple{
        field("patch", &P::patch, at_least(1), "side of the squares that an image is cut into", "pixels"),
        field("layers", &P::layers, {1, 1000}, "blocks, each of attention and a small network"),
        field("width", &P::width, at_least(1), "features of each patch"),
        field("heads", &P::heads, at_least(1), "heads of attention; they share the features"),
        field("expansion", &P::expansion, above(0), "hidden features of the small network, as a multiple of width"),
        field("readout", &P::readout, "what is classified: a learned token that attends to all, or the mean"),
        field("activation", &P::activation, "non-linearity of the small network"),
        field("dropout", &P::dropout, half_open(0, 1), "of embeddings, of weights of attention and of what blocks add"),
        field("attention", &P::attention, "how attention is computed; the values agree to rounding")};
  }
};

Block stem(const VitParams& p, const TransformerBlocks& blocks, int64_t patches) {
  const bool token = p.readout == VitReadout::kClassToken;
  Block block{"stem", Part::kStem, {}, false, {}, {}};
  block.add("patches", Conv2d{p.width, p.patch, p.patch, 0, 1, true});
  block.add("sequence", PixelSequence{});
  if (token) block.add("class_token", ClassToken{});
  block.add("position", PositionEmbedding{patches + (token ? 1 : 0)});
  blocks.add_dropout(block);
  return block;
}

ModelPlan build_vit(const ParamSet& set, const DatasetInfo& data) {
  const auto& p = set.as<VitParams>();
  if (!data.is_image()) throw ConfigError("model.family", "a family for this data", "'vit' on " + data.name);
  const int64_t height = data.sample[1], width = data.sample[2];
  if (height % p.patch != 0 || width % p.patch != 0) {
    throw ConfigError("model.patch", cat("a side that divides images of ", height, "x", width),
                      std::to_string(p.patch));
  }
  TransformerBlocks blocks;
  blocks.layers = p.layers;
  blocks.width = p.width;
  blocks.expansion = p.expansion;
  blocks.activation = p.activation;
  blocks.dropout = p.dropout;
  blocks.attention.heads = p.heads;
  blocks.attention.dropout = p.dropout;
  blocks.attention.kernel = p.attention;
  blocks.attention.causal = false;
  ModelPlan plan;
  plan.family = "vit";
  plan.input = data.sample;
  plan.outputs = data.classes;
  plan.blocks.push_back(stem(p, blocks, (height / p.patch) * (width / p.patch)));
  for (int64_t i = 1; i <= p.layers; ++i) {
    plan.blocks.push_back(blocks.attention_block(i));
    plan.blocks.push_back(blocks.network_block(i));
  }
  Block head{"head", Part::kHead, {}, false, {}, {}};
  if (p.readout == VitReadout::kClassToken) head.add("class_token", FirstToken{});
  head.add("norm", blocks.norm_layer());
  if (p.readout == VitReadout::kAverage) head.add("average", TokenAverage{});
  head.add("linear", Linear{data.classes, true});
  plan.blocks.push_back(std::move(head));
  plan.infer();
  blocks.initialise(plan);
  return plan;
}

}  // namespace

FamilySpec vit_family() {
  return {"vit", "a transformer on the patches of an image", describe<VitParams>(), build_vit};
}

}  // namespace hasten
