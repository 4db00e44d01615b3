// The catalogue of methods.
#include "hasten/spec/method_spec.h"

#include <algorithm>
#include <array>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/spec/model_plan.h"

namespace hasten {

void CostEstimate::scale(const PassCost& mean, const PassCost& before) {
  auto share = [](double now, double was) { return was > 0 ? now / was : 1; };
  forward *= share(mean.forward, before.forward);
  backward *= share(mean.backward, before.backward);
  forward_passes *= share(mean.forward_starts, before.forward_starts);
  backward_passes *= share(mean.backward_starts, before.backward_starts);
  updated *= share(mean.trained, before.trained);
}

std::vector<std::string> effect_names(Effects effects) {
  static constexpr std::array<const char*, 12> kNames{"model plan",        "run plan", "inputs",          "targets",
                                                      "choice of samples", "outputs",  "losses",          "gradients",
                                                      "parameters",        "buffers",  "optimizer slots", "evaluation"};
  std::vector<std::string> names;
  for (size_t bit = 0; bit < kNames.size(); ++bit) {
    if ((effects & (1u << bit)) != 0) names.emplace_back(kNames[bit]);
  }
  return names;
}

Capabilities MethodSpec::capabilities() const {
  Capabilities found = 0;
  for (const Use& use : uses) {
    found |= use.site.is_plan() ? kPlans : use.site.is_replan() ? kReplans : use.site.is_event() ? kHooks : kSeams;
  }
  return found;
}

Catalogue::Catalogue(std::vector<MethodSpec> specs) : specs_(std::move(specs)) {
  std::sort(specs_.begin(), specs_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  for (size_t i = 1; i < specs_.size(); ++i) {
    HASTEN_CHECK(specs_[i - 1].name != specs_[i].name, "two methods are named " + specs_[i].name);
  }
}

const MethodSpec* Catalogue::find(std::string_view name) const {
  auto found = std::find_if(specs_.begin(), specs_.end(), [&](const MethodSpec& spec) { return spec.name == name; });
  return found == specs_.end() ? nullptr : &*found;
}

const MethodSpec& Catalogue::get(std::string_view name, const std::string& where) const {
  if (const MethodSpec* spec = find(name)) return *spec;
  std::vector<std::string> names;
  for (const MethodSpec& spec : specs_) names.push_back(spec.name);
  throw ConfigError(where, "a known method", "'" + std::string(name) + "'",
                    closest(name, names).empty() ? "'hasten methods list' shows them" : suggest(name, names));
}

}  // namespace hasten
