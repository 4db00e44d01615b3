// test_time_augmentation: the mean prediction of an image, the image shifted by `translate` pixels up and left, and down
// and right (reflected at the border), each also mirrored. The two shifted ones weigh half: of six views, mirrored pairs
// of 1/4, 1/8 and 1/8. It helps training too: a target is reached earlier. Inference costs a pass for each view.
// Views of an image: Krizhevsky, Sutskever, Hinton, ImageNet classification with deep CNNs (NeurIPS 2012). These six:
// Jordan, 94% on CIFAR-10 in 3.29 seconds on a single GPU (arXiv:2404.00498).
#include "hasten/methods/derived_data/test_time_augmentation.h"

#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/reflection_pad2d.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"
#include "hasten/data/batch.h"
#include "hasten/nn/prediction.h"

namespace hasten {

// How an image is seen: shifted by as many pixels down and right, then mirrored.
struct TestView {
  int64_t shift = 0;
  bool mirrored = false;
  double weight = 1;
};

// Weights add up to 1.
std::vector<TestView> prediction_views(const TestTimeAugmentationParams& params) {
  std::vector<TestView> views{{0, false, 1}};
  if (params.translate > 0)
    views = {{0, false, 0.5}, {params.translate, false, 0.25}, {-params.translate, false, 0.25}};
  if (!params.flip) return views;
  std::vector<TestView> both;
  for (const TestView& view : views) {
    for (bool mirrored : {false, true}) both.push_back({view.shift, mirrored, view.weight / 2});
  }
  return both;
}

at::Tensor seen_as(const at::Tensor& images, const TestView& view) {
  at::Tensor seen = images;
  if (view.shift != 0) {
    const int64_t border = std::abs(view.shift), first = border - view.shift;
    seen = at::reflection_pad2d(images, {border, border, border, border})
               .narrow(2, first, images.size(2))
               .narrow(3, first, images.size(3));
  }
  if (view.mirrored) seen = seen.flip({3});
  return channels_last(seen);
}

// The logits [n, classes] of the mean; parts[i] are those of view i.
at::Tensor average_views(const std::vector<at::Tensor>& parts, const std::vector<TestView>& views,
                         ViewAverage average) {
  std::vector<at::Tensor> weighted;
  for (size_t i = 0; i < parts.size(); ++i) {
    // The logarithm of a mean of probabilities, without leaving the logarithms: small ones would be lost.
    weighted.push_back(average == ViewAverage::kLogits ? parts[i].mul(views[i].weight)
                                                       : at::log_softmax(parts[i], 1).add(std::log(views[i].weight)));
  }
  const at::Tensor all = at::stack(weighted);
  return average == ViewAverage::kLogits ? all.sum(0) : at::logsumexp(all, 0);
}

namespace {

class TestTimeAugmentation final : public MethodOf<TestTimeAugmentationParams>, public Prediction {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    if (!params_.flip && params_.translate == 0) {
      throw ConfigError("method.test_time_augmentation.translate", "views beside the image itself",
                        "translate = 0 with flip = false");
    }
    const Shape& image = plan.run.data.sample;
    const int64_t side = std::min(image.at(1), image.at(2));
    if (params_.translate < side) return;
    throw ConfigError("method.test_time_augmentation.translate", cat("less than the ", side, " pixels of an image"),
                      std::to_string(params_.translate));
  }

  at::Tensor predict(const at::Tensor& inputs, const std::function<at::Tensor(const at::Tensor&)>& forward) override {
    const std::vector<TestView> views = prediction_views(params_);
    std::vector<at::Tensor> parts;
    for (const TestView& view : views) parts.push_back(forward(seen_as(inputs, view)));
    return average_views(parts, views, params_.average);
  }
  std::string label() const override { return "tta"; }

  void state(StateVisitor&) override {}  // a function of its settings
};

}  // namespace

std::unique_ptr<Method> make_test_time_augmentation(const TestTimeAugmentationParams& params) {
  return std::make_unique<TestTimeAugmentation>(params);
}

}  // namespace hasten
