// resnet: residual networks (He, Zhang, Ren, Sun 2015, arXiv:1512.03385) in the ImageNet and the CIFAR form, with basic
// or bottleneck blocks. As in torchvision ("v1.5"), a bottleneck's stride is that of its 3x3 convolution.
#include <cmath>

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

enum class Form { kAuto, kImageNet, kCifar };
constexpr std::array<std::string_view, 3> choices(Form) { return {"auto", "imagenet", "cifar"}; }

struct ResNetParams {
  int64_t depth = 18;
  Form form = Form::kAuto;
  int64_t width = 0;
  std::vector<int64_t> stages{};
  bool bottleneck = false;
  double norm_momentum = 0.1;
  ActivationKind activation = ActivationKind::kRelu;
  static constexpr auto schema() {
    using P = ResNetParams;
    return std::tuple{
        field("depth", &P::depth, {8, 1202},
              "18, 34, 50, 101 or 152 (four stages); 20, 32, 44, 56, 110 or any 6 n + 2 (three stages, CIFAR form)"),
        field(
            "form", &P::form,
            "imagenet: 7x7 stem of stride 2 and a pooling; cifar: 3x3 stem; auto: by the image, cifar up to 64 pixels"),
        field("width", &P::width, at_least(0), "channels of the first stage; 0: 64, or 16 with three stages"),
        field("stages", &P::stages, at_least(1), "blocks of each stage, instead of depth"),
        field("bottleneck", &P::bottleneck,
              "1x1, 3x3, 1x1 convolutions with four times the channels behind (from 50 on)"),
        field("norm_momentum", &P::norm_momentum, {0, 1, true, false},
              "weight of the new batch in the running statistics"),
        field("activation", &P::activation, "non-linearity")};
  }
};

struct ResNetShape {
  std::vector<int64_t> stages;
  bool bottleneck = false;
};

ResNetShape shape_of(const ResNetParams& p) {
  if (!p.stages.empty()) return {p.stages, p.bottleneck};
  switch (p.depth) {
    case 18: return {{2, 2, 2, 2}, p.bottleneck};
    case 34: return {{3, 4, 6, 3}, p.bottleneck};
    case 50: return {{3, 4, 6, 3}, true};
    case 101: return {{3, 4, 23, 3}, true};
    case 152: return {{3, 8, 36, 3}, true};
    default: break;
  }
  if ((p.depth - 2) % 6 == 0) return {std::vector<int64_t>(3, (p.depth - 2) / 6), p.bottleneck};
  throw ConfigError("model.depth", "18, 34, 50, 101, 152 or 6 n + 2 (20, 32, 44, 56, 110)", std::to_string(p.depth),
                    "or give the blocks of each stage: model.stages = [2, 2, 2]");
}

constexpr int64_t kExpansion = 4;

class ResNetBuilder {
 public:
  ResNetBuilder(const ResNetParams& p, ResNetShape shape) : p_(p), shape_(std::move(shape)) {}

  Block stem(int64_t channels, bool imagenet) const {
    Block block{"stem", Part::kStem, {}, false, {}, {}};
    block.add("conv", imagenet ? Conv2d{channels, 7, 2, 3, 1, false} : Conv2d{channels, 3, 1, 1, 1, false});
    block.add("norm", norm());
    block.add("activation", Activation{p_.activation});
    if (imagenet) block.add("pool", Pool2d{PoolKind::kMax, 3, 2, 1});
    return block;
  }

  // `in`: channels that come in.
  Block block(size_t stage, int64_t index, int64_t in, int64_t width) const {
    const int64_t stride = stage > 0 && index == 1 ? 2 : 1, out = width * (shape_.bottleneck ? kExpansion : 1);
    Block block{cat("stage", stage + 1, "_block", index), Part::kBody, {}, true, {}, {}};
    if (shape_.bottleneck) {
      unit(block, 1, {width, 1, 1, 0, 1, false}, true);
      unit(block, 2, {width, 3, stride, 1, 1, false}, true);
      unit(block, 3, {out, 1, 1, 0, 1, false}, false);
    } else {
      unit(block, 1, {width, 3, stride, 1, 1, false}, true);
      unit(block, 2, {width, 3, 1, 1, 1, false}, false);
    }
    if (stride != 1 || in != out) {
      block.shortcut.push_back({"shortcut_conv", Conv2d{out, 1, stride, 0, 1, false}, {}, {}, {}});
      block.shortcut.push_back({"shortcut_norm", norm(), {}, {}, {}});
    }
    block.after.push_back({"activation", Activation{p_.activation}, {}, {}, {}});
    return block;
  }

 private:
  BatchNorm norm() const { return {1e-5, p_.norm_momentum, true, true}; }
  void unit(Block& block, int number, const Conv2d& conv, bool activated) const {
    block.add(cat("conv", number), conv);
    block.add(cat("norm", number), norm());
    if (activated) block.add(cat("activation", number), Activation{p_.activation});
  }

  const ResNetParams& p_;
  ResNetShape shape_;
};

ModelPlan build_resnet(const ParamSet& set, const DatasetInfo& data) {
  const auto& p = set.as<ResNetParams>();
  if (!data.is_image()) {
    throw ConfigError("model.family",
                      data.text ? "a family for text, such as gpt" : "a family for vectors, such as mlp",
                      "'resnet' on " + data.name);
  }
  const ResNetShape shape = shape_of(p);
  const bool imagenet = p.form == Form::kImageNet || (p.form == Form::kAuto && data.sample[1] > 64);
  int64_t width = p.width > 0 ? p.width : shape.stages.size() == 3 ? 16 : 64;
  ModelPlan plan;
  plan.family = "resnet";
  plan.input = data.sample;
  plan.outputs = data.classes;
  const ResNetBuilder builder(p, shape);
  plan.blocks.push_back(builder.stem(width, imagenet));
  int64_t in = width;
  for (size_t stage = 0; stage < shape.stages.size(); ++stage, width *= 2) {
    for (int64_t index = 1; index <= shape.stages[stage]; ++index) {
      plan.blocks.push_back(builder.block(stage, index, in, width));
      in = width * (shape.bottleneck ? kExpansion : 1);
    }
  }
  Block head{"head", Part::kHead, {}, false, {}, {}};
  head.add("pool", GlobalPool{PoolKind::kAverage});
  head.add("linear", Linear{data.classes, true});
  plan.blocks.push_back(std::move(head));
  plan.infer();
  // He initialisation of every filter: the rectifier halves the variance, which the gain makes up for.
  plan.each_layer([](Block&, Layer& layer) {
    if (layer.kind.as<Conv2d>() != nullptr) layer.parameter("weight")->init = {InitKind::kNormalFanIn, std::sqrt(2.0)};
  });
  return plan;
}

}  // namespace

FamilySpec resnet_family() {
  return {"resnet", "residual networks of 18 to 152 layers, in the ImageNet and the CIFAR form",
          describe<ResNetParams>(), build_resnet};
}

}  // namespace hasten
