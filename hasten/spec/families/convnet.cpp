// convnet: groups of convolutions that halve the image, as in the CIFAR speed-runs and in textbook networks.
#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/spec/family.h"
#include "hasten/spec/layers/convolution.h"
#include "hasten/spec/layers/dense.h"
#include "hasten/spec/layers/elementwise.h"
#include "hasten/spec/layers/normalization.h"
#include "hasten/spec/layers/pooling.h"

namespace hasten {
namespace {

enum class Readout { kFlatten, kMax, kAverage };
constexpr std::array<std::string_view, 3> choices(Readout) { return {"flatten", "max", "average"}; }

struct ConvNetParams {
  std::vector<int64_t> widths{32, 64};
  int64_t convs_per_group = 1;
  int64_t stem = 0;
  int64_t stem_kernel = 3;
  bool norm = false;
  double norm_momentum = 0.1;
  ActivationKind activation = ActivationKind::kRelu;
  Readout readout = Readout::kFlatten;
  std::vector<int64_t> hidden{};
  double dropout = 0;
  double output_scale = 1;
  static constexpr auto schema() {
    using P = ConvNetParams;
    return std::tuple{
        field("widths", &P::widths, at_least(1), "channels of each group; a group halves height and width"),
        field("convs_per_group", &P::convs_per_group, {1, 8},
              "3x3 convolutions in a group; the image is halved behind the first"),
        field("stem", &P::stem, at_least(0), "channels of a convolution before the first group; 0: none"),
        field("stem_kernel", &P::stem_kernel, {1, 11}, "side of the stem's filters; it adds no padding", "pixels"),
        field("norm", &P::norm, "batch normalization behind every convolution"),
        field("norm_momentum", &P::norm_momentum, {0, 1, true, false},
              "weight of the new batch in the running statistics"),
        field("activation", &P::activation, "non-linearity"),
        field("readout", &P::readout, "how the last feature maps become a vector"),
        field("hidden", &P::hidden, at_least(1), "features of fully connected layers before the output"),
        field("dropout", &P::dropout, half_open(0, 1), "dropout before every fully connected layer"),
        field("output_scale", &P::output_scale, above(0), "multiplies the logits")};
  }
};

Block group(const ConvNetParams& p, size_t index) {
  Block block{cat("group", index + 1), index == 0 && p.stem == 0 ? Part::kStem : Part::kBody, {}, false, {}, {}};
  for (int64_t c = 1; c <= p.convs_per_group; ++c) {
    block.add(cat("conv", c), Conv2d{p.widths[index], 3, 1, 1, 1, !p.norm});
    // Before normalization and activation: the same result for a monotone activation, on a quarter of the elements.
    if (c == 1) block.add("pool", Pool2d{PoolKind::kMax, 2, 2});
    if (p.norm) block.add(cat("norm", c), BatchNorm{1e-5, p.norm_momentum, true, true});
    block.add(cat("activation", c), Activation{p.activation});
  }
  return block;
}

Block head(const ConvNetParams& p, int64_t classes) {
  Block block{"head", Part::kHead, {}, false, {}, {}};
  switch (p.readout) {
    case Readout::kFlatten: block.add("flatten", Flatten{}); break;
    case Readout::kMax: block.add("pool", GlobalPool{PoolKind::kMax}); break;
    case Readout::kAverage: block.add("pool", GlobalPool{PoolKind::kAverage}); break;
  }
  for (size_t i = 0; i < p.hidden.size(); ++i) {
    if (p.dropout > 0) block.add(cat("dropout", i + 1), Dropout{p.dropout});
    block.add(cat("hidden", i + 1), Linear{p.hidden[i], true});
    block.add(cat("activation", i + 1), Activation{p.activation});
  }
  if (p.dropout > 0) block.add("dropout", Dropout{p.dropout});
  block.add("linear", Linear{classes, true});
  if (p.output_scale != 1) block.add("scale", Scale{p.output_scale});
  return block;
}

ModelPlan build_convnet(const ParamSet& set, const DatasetInfo& data) {
  const auto& p = set.as<ConvNetParams>();
  if (!data.is_image()) {
    throw ConfigError("model.family",
                      data.text ? "a family for text, such as gpt" : "a family for vectors, such as mlp",
                      "'convnet' on " + data.name);
  }
  ModelPlan plan;
  plan.family = "convnet";
  plan.input = data.sample;
  plan.outputs = data.classes;
  if (p.stem > 0) {
    Block stem{"stem", Part::kStem, {}, false, {}, {}};
    stem.add("conv", Conv2d{p.stem, p.stem_kernel, 1, 0, 1, true});
    stem.add("activation", Activation{p.activation});
    plan.blocks.push_back(std::move(stem));
  }
  for (size_t i = 0; i < p.widths.size(); ++i) plan.blocks.push_back(group(p, i));
  plan.blocks.push_back(head(p, data.classes));
  plan.infer();
  return plan;
}

}  // namespace

FamilySpec convnet_family() {
  return {"convnet", "groups of 3x3 convolutions that halve the image (VGG-like)", describe<ConvNetParams>(),
          build_convnet};
}

}  // namespace hasten
