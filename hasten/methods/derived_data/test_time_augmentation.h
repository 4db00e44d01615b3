// test_time_augmentation: predictions are averaged over views of an image.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

enum class ViewAverage { kLogits, kProbabilities };
constexpr std::array<std::string_view, 2> choices(ViewAverage) { return {"logits", "probabilities"}; }

struct TestTimeAugmentationParams {
  bool flip = true;
  int64_t translate = 1;
  ViewAverage average = ViewAverage::kLogits;
  static constexpr auto schema() {
    using P = TestTimeAugmentationParams;
    return std::tuple{field("flip", &P::flip, "see each view mirrored left to right, too"),
                      field("translate", &P::translate, at_least(0),
                            "views shifted this far to both ends of a diagonal, at half the weight; 0: none", "pixels"),
                      field("average", &P::average, "what is averaged over the views")};
  }
};

inline MethodSpec test_time_augmentation_spec() {
  return {.name = "test_time_augmentation",
          .summary = "average predictions over mirrored and shifted views; up to six forward passes an image",
          .maths =
              "z = Σ c·f(view): image 1/2, shifted by (−d, −d) and (d, d) 1/4 each, d = translate (0: image 1)\n"
              "flip: a view and its mirror image share c; average = probabilities: z = log Σ c·softmax(f(view))",
          .component = Component::kDerivedData,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,  // of evaluations, which count as time of the run
          .cite = "Krizhevsky, Sutskever, Hinton, NeurIPS 2012; Jordan (six views), arXiv:2404.00498",
          .uses = {{Site::plan(), Phase::kSchedule}, {Seam::kPrediction, Phase::kAverage}},
          .effects = kEvaluation,
          .needs = kImages,
          .worsens = {Bottleneck::kCompute},
          .neutral = no_neutral("flip = false with translate = 0 is refused"),
          .conformance = {{"translate", "1"}},
          .params = describe<TestTimeAugmentationParams>()};
}
std::unique_ptr<Method> make_test_time_augmentation(const TestTimeAugmentationParams& params);

}  // namespace hasten
