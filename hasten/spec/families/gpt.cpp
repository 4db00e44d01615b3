// gpt: a decoder that predicts each token from those before it (Radford et al. 2019), with the parts that later ones use.
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/spec/family.h"
#include "hasten/spec/layers/attention.h"
#include "hasten/spec/layers/dense.h"
#include "hasten/spec/layers/elementwise.h"
#include "hasten/spec/layers/embedding.h"
#include "hasten/spec/layers/normalization.h"

namespace hasten {
namespace {

enum class Positions { kLearned, kRotary, kNone };
constexpr std::array<std::string_view, 3> choices(Positions) { return {"learned", "rotary", "none"}; }
enum class NormKind { kLayer, kRootMeanSquare };
constexpr std::array<std::string_view, 2> choices(NormKind) { return {"layer", "rms"}; }

constexpr double kDeviation = 0.02;  // of start values, as in GPT-2

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

class GptPlanner {
 public:
  GptPlanner(const GptParams& params, const DatasetInfo& data) : p_(params), data_(data) {}

  ModelPlan plan() const {
    ModelPlan plan;
    plan.family = "gpt";
    plan.input = data_.sample;
    plan.outputs = data_.classes;
    plan.sequence = true;
    plan.blocks.push_back(stem());
    for (int64_t i = 1; i <= p_.layers; ++i) {
      plan.blocks.push_back(attention(i));
      plan.blocks.push_back(network(i));
    }
    plan.blocks.push_back(head());
    plan.infer();
    plan.each_layer([&](Block& block, Layer& layer) { initialise(block, layer); });
    return plan;
  }

 private:
  Block stem() const {
    Block block{"stem", Part::kStem, {}, false, {}, {}};
    block.add("embedding", Embedding{data_.classes, p_.width});
    if (p_.positions == Positions::kLearned) block.add("position", PositionEmbedding{data_.sample.at(0)});
    add_dropout(block);
    return block;
  }

  Block attention(int64_t index) const {
    Block block{cat("attention", index), Part::kBody, {}, true, {}, {}};
    block.add("norm", norm());
    SelfAttention layer;
    layer.heads = p_.heads;
    layer.bias = p_.bias;
    layer.rotary = p_.positions == Positions::kRotary;
    layer.rotary_base = p_.rotary_base;
    layer.qk_norm = p_.qk_norm;
    layer.dropout = p_.dropout;
    layer.kernel = p_.attention;
    block.add("attention", layer);
    add_dropout(block);
    return block;
  }

  Block network(int64_t index) const {
    Block block{cat("network", index), Part::kBody, {}, true, {}, {}};
    const auto hidden = std::max<int64_t>(1, std::llround(p_.expansion * static_cast<double>(p_.width)));
    block.add("norm", norm());
    block.add("expand", Linear{p_.gated ? 2 * hidden : hidden, p_.bias});
    if (p_.gated) block.add("gate", Gate{p_.activation});
    else block.add("activation", Activation{p_.activation});
    block.add("output", Linear{p_.width, p_.bias});
    add_dropout(block);
    return block;
  }

  Block head() const {
    Block block{"head", Part::kHead, {}, false, {}, {}};
    block.add("norm", norm());
    block.add("linear", Linear{data_.classes, false});
    if (p_.soft_cap > 0) block.add("soft_cap", SoftCap{p_.soft_cap});
    return block;
  }

  FeatureNorm norm() const {
    return {p_.norm == NormKind::kRootMeanSquare, kEpsilon, p_.norm_scale, p_.norm_scale && p_.bias};
  }
  void add_dropout(Block& block) const {
    if (p_.dropout > 0) block.add("dropout", Dropout{p_.dropout});
  }

  // Start values of GPT-2: the matrices that add to the residual stream are smaller, so that its variance does not grow
  // with depth.
  void initialise(const Block& block, Layer& layer) const {
    for (ParameterPlan& parameter : layer.parameters) {
      if (parameter.role == Role::kBias) parameter.init = {};
      if (parameter.role != Role::kMatrix) continue;
      const bool adds = block.residual && (parameter.name == "output_weight" || layer.name == "output");
      const double depth = adds ? std::sqrt(2.0 * static_cast<double>(p_.layers)) : 1;
      parameter.init = {InitKind::kNormal, kDeviation / depth};
      if (block.part == Part::kHead && p_.tied) parameter.same_as = "stem.embedding.weight";
    }
  }

  static constexpr double kEpsilon = 1e-5;
  const GptParams& p_;
  const DatasetInfo& data_;
};

ModelPlan build_gpt(const ParamSet& set, const DatasetInfo& data) {
  if (!data.text)
    throw ConfigError("model.family", "a family for this data", "'gpt' on " + data.name, "gpt reads text");
  return GptPlanner(set.as<GptParams>(), data).plan();
}

}  // namespace

FamilySpec gpt_family() {
  return {"gpt", "a decoder of attention and small networks, for text", describe<GptParams>(), build_gpt};
}

}  // namespace hasten
