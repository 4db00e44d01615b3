// The list of model families.
#include "hasten/spec/family.h"

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {

const std::vector<FamilySpec>& family_specs() {
  static const std::vector<FamilySpec> specs{mlp_family(), convnet_family(), resnet_family(),     vit_family(),
                                             gpt_family(), custom_family(),  torchscript_family()};
  return specs;
}

const FamilySpec& find_family(std::string_view name) {
  std::vector<std::string> names;
  for (const FamilySpec& spec : family_specs()) {
    if (spec.name == name) return spec;
    names.push_back(spec.name);
  }
  throw ConfigError("model.family", "a known model family", "'" + std::string(name) + "'", suggest(name, names));
}

}  // namespace hasten
