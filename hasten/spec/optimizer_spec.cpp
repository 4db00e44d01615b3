// The list of optimizers.
#include "hasten/spec/optimizer_spec.h"

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

bool any_parameter(const PlacedParameter&) { return true; }

bool hidden_matrix(const PlacedParameter& parameter) {
  Role role = parameter.plan->role;
  return parameter.part == Part::kBody && (role == Role::kFilter || role == Role::kMatrix);
}

}  // namespace

const std::vector<OptimizerSpec>& optimizer_specs() {
  static const std::vector<OptimizerSpec> specs{
      {"sgd", "gradient descent with momentum, Nesterov's if asked", "Sutskever et al. 2013", describe<SgdParams>(),
       any_parameter},
      {"adamw", "Adam with decoupled weight decay", "arXiv:1711.05101", describe<AdamWParams>(), any_parameter},
      {"muon", "orthogonalised momentum for hidden matrices; needs an auxiliary optimizer for the rest",
       "Jordan et al. 2024, kellerjordan.github.io/posts/muon", describe<MuonParams>(), hidden_matrix},
  };
  return specs;
}

const OptimizerSpec& find_optimizer(std::string_view name, const std::string& where) {
  std::vector<std::string> names;
  for (const OptimizerSpec& spec : optimizer_specs()) {
    if (spec.name == name) return spec;
    names.push_back(spec.name);
  }
  throw ConfigError(where, "a known optimizer", "'" + std::string(name) + "'", suggest(name, names));
}

}  // namespace hasten
