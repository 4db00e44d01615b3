// custom: the model is a module of the program that calls the library.
#include "hasten/spec/family.h"

namespace hasten {
namespace {

struct CustomParams {
  static constexpr auto schema() { return std::tuple{}; }
};

// Replaced by the plan that the program hands over beside its module.
ModelPlan build_custom(const ParamSet&, const DatasetInfo& data) {
  ModelPlan plan;
  plan.family = "custom";
  plan.input = data.sample;
  plan.outputs = data.classes;
  plan.opaque = true;
  return plan;
}

}  // namespace

FamilySpec custom_family() {
  return {"custom", "a module of the program that calls the library (TrainOptions::model)", describe<CustomParams>(),
          build_custom};
}

}  // namespace hasten
