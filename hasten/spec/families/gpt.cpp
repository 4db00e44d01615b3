// gpt: a decoder that predicts each token from those before it (Radford et al. 2019), with the parts that later ones use.
#include "hasten/base/error.h"
#include "hasten/spec/families/transformer_blocks.h"
#include "hasten/spec/family.h"
#include "hasten/spec/layers/dense.h"
#include "hasten/spec/layers/embedding.h"

namespace hasten {
namespace {

enum class Positions { kLearned, kRotary, kNone };
constexpr std::array<std::string_view, 3> choices(Positions) { return {"learned", "rotary", "none"}; }

struct GptParams {
  int64_t layers = 4, width = 128, heads = 4;
  double expansion = 4;
  Positions positions = Positions::kLearned;
  double rotary_base = 10000;
  NormKind norm = NormKind::kLayer;
  bool norm_scale = true;
  bool qk_norm = false;
  ActivationKind activation = ActivationKind::kGelu;
  bool gated = false;
  bool bias = true;
  double dropout = 0;
  double soft_cap = 0;
  bool tied = true;
  AttentionKernel attention = AttentionKernel::kAuto;
  static constexpr auto schema() {
    using P = GptParams;
    return std::tuple{
        field("layers", &P::layers, {1, 1000}, "blocks, each of attention and a small network"),
        field("width", &P::width, at_least(1), "features of each token"),
        field("heads", &P::heads, at_least(1), "heads of attention; they share the features"),
        field("expansion", &P::expansion, above(0), "hidden features of the small network, as a multiple of width"),
        field("positions", &P::positions, "how a token knows its place: a learned vector, or turned queries and keys"),
        field("rotary_base", &P::rotary_base, above(1), "wavelengths go from 2 pi tokens to this many times it"),
        field("norm", &P::norm, "before each part: mean and variance, or root mean square"),
        field("norm_scale", &P::norm_scale, "whether norms have a learned gain"),
        field("qk_norm", &P::qk_norm, "queries and keys of one length a head"),
        field("activation", &P::activation, "non-linearity of the small network"),
        field("gated", &P::gated, "the small network multiplies two halves, of which one is activated"),
        field("bias", &P::bias, "biases of matrices and norms"),
        field("dropout", &P::dropout, half_open(0, 1), "of embeddings, of weights of attention and of what blocks add"),
        field("soft_cap", &P::soft_cap, at_least(0), "bound of the logits, by tanh; 0: none"),
        field("tied", &P::tied, "the output matrix is that of the embedding"),
        field("attention", &P::attention, "how attention is computed; the values agree to rounding")};
  }
};

TransformerBlocks blocks_of(const GptParams& p) {
  TransformerBlocks blocks{p.layers, p.width,      p.expansion, p.norm,    p.norm_scale,
                           p.bias,   p.activation, p.gated,     p.dropout, {}};
  SelfAttention& attention = blocks.attention;
  attention.heads = p.heads;
  attention.bias = p.bias;
  attention.rotary = p.positions == Positions::kRotary;
  attention.rotary_base = p.rotary_base;
  attention.qk_norm = p.qk_norm;
  attention.dropout = p.dropout;
  attention.kernel = p.attention;
  return blocks;
}

Block stem(const GptParams& p, const TransformerBlocks& blocks, const DatasetInfo& data) {
  Block block{"stem", Part::kStem, {}, false, {}, {}};
  block.add("embedding", Embedding{data.classes, p.width});
  if (p.positions == Positions::kLearned) block.add("position", PositionEmbedding{data.sample.at(0)});
  blocks.add_dropout(block);
  return block;
}

Block head(const GptParams& p, const TransformerBlocks& blocks, const DatasetInfo& data) {
  Block block{"head", Part::kHead, {}, false, {}, {}};
  block.add("norm", blocks.norm_layer());
  block.add("linear", Linear{data.classes, false});
  if (p.soft_cap > 0) block.add("soft_cap", SoftCap{p.soft_cap});
  return block;
}

ModelPlan plan_of(const GptParams& p, const DatasetInfo& data) {
  const TransformerBlocks blocks = blocks_of(p);
  ModelPlan plan;
  plan.family = "gpt";
  plan.input = data.sample;
  plan.outputs = data.classes;
  plan.sequence = true;
  plan.blocks.push_back(stem(p, blocks, data));
  for (int64_t i = 1; i <= p.layers; ++i) {
    plan.blocks.push_back(blocks.attention_block(i));
    plan.blocks.push_back(blocks.network_block(i));
  }
  plan.blocks.push_back(head(p, blocks, data));
  plan.infer();
  blocks.initialise(plan);
  if (p.tied) plan.blocks.back().layers[1].parameter("weight")->same_as = "stem.embedding.weight";
  return plan;
}

ModelPlan build_gpt(const ParamSet& set, const DatasetInfo& data) {
  if (!data.text)
    throw ConfigError("model.family", "a family for this data", "'gpt' on " + data.name, "gpt reads text");
  return plan_of(set.as<GptParams>(), data);
}

}  // namespace

FamilySpec gpt_family() {
  return {"gpt", "a decoder of attention and small networks, for text", describe<GptParams>(), build_gpt,
          /*text=*/true};
}

}  // namespace hasten
