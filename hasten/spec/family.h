// Model families: from a few settings and a data set to a model plan.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hasten/spec/dataset.h"
#include "hasten/spec/model_plan.h"

namespace hasten {

struct FamilySpec {
  std::string name, summary;
  const ParamTable* params;
  ModelPlan (*build)(const ParamSet&, const DatasetInfo&);  // shapes are inferred; throws ConfigError
  bool text = false;  // reads text, and nothing else
};

const std::vector<FamilySpec>& family_specs();
const FamilySpec& find_family(std::string_view name);  // throws ConfigError

FamilySpec mlp_family();
FamilySpec convnet_family();
FamilySpec resnet_family();
FamilySpec vit_family();
FamilySpec gpt_family();
FamilySpec custom_family();
FamilySpec torchscript_family();
constexpr const char* kTorchScript = "torchscript";  // its one setting is model.path, the module's file

}  // namespace hasten
