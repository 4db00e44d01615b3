// mlp: fully connected layers.
#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/spec/family.h"
#include "hasten/spec/layers/dense.h"
#include "hasten/spec/layers/elementwise.h"
#include "hasten/spec/layers/normalization.h"

namespace hasten {
namespace {

struct MlpParams {
  std::vector<int64_t> widths{256, 256};
  ActivationKind activation = ActivationKind::kRelu;
  bool norm = false;
  double dropout = 0;
  static constexpr auto schema() {
    using P = MlpParams;
    return std::tuple{field("widths", &P::widths, at_least(1), "features of the hidden layers"),
                      field("activation", &P::activation, "non-linearity"),
                      field("norm", &P::norm, "batch normalization after every hidden layer"),
                      field("dropout", &P::dropout, half_open(0, 1), "dropout after every hidden layer")};
  }
};

ModelPlan build_mlp(const ParamSet& set, const DatasetInfo& data) {
  const auto& p = set.as<MlpParams>();
  if (data.text) throw ConfigError("model.family", "a family for text, such as gpt", "'mlp' on " + data.name);
  ModelPlan plan;
  plan.family = "mlp";
  plan.input = data.sample;
  plan.outputs = data.classes;
  for (size_t i = 0; i < p.widths.size(); ++i) {
    Block block{cat("hidden", i + 1), i == 0 ? Part::kStem : Part::kBody, {}, false, {}, {}};
    if (i == 0) block.add("flatten", Flatten{});
    block.add("linear", Linear{p.widths[i], !p.norm});
    if (p.norm) block.add("norm", BatchNorm{});
    block.add("activation", Activation{p.activation});
    if (p.dropout > 0) block.add("dropout", Dropout{p.dropout});
    plan.blocks.push_back(std::move(block));
  }
  Block head{"head", Part::kHead, {}, false, {}, {}};
  if (p.widths.empty()) head.add("flatten", Flatten{});
  head.add("linear", Linear{data.classes, true});
  plan.blocks.push_back(std::move(head));
  plan.infer();
  return plan;
}

}  // namespace

FamilySpec mlp_family() {
  return {"mlp", "fully connected layers; an empty list of widths is a linear classifier", describe<MlpParams>(),
          build_mlp};
}

}  // namespace hasten
