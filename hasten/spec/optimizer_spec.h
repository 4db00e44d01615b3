// Optimizers as recipes name them: settings, and which parameters they take.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hasten/spec/model_plan.h"
#include "hasten/spec/params.h"

namespace hasten {

struct OptimizerSpec {
  std::string name, summary, cite;
  const ParamTable* params;
  // Whether this optimizer may update the parameter; others go to the recipe's auxiliary optimizer.
  bool (*takes)(const PlacedParameter&);
};

const std::vector<OptimizerSpec>& optimizer_specs();
const OptimizerSpec& find_optimizer(std::string_view name, const std::string& where);  // throws ConfigError

// w <- w - lr * d, d = g + momentum * buffer (Nesterov) or the buffer. Decay is added to the gradient, or, when
// decoupled, w <- w * (1 - lr * weight_decay) before the update (Loshchilov and Hutter 2019).
struct SgdParams {
  double lr = 0.1, momentum = 0.9, weight_decay = 0;
  bool nesterov = false, decoupled = false;
  static constexpr auto schema() {
    using P = SgdParams;
    return std::tuple{field("lr", &P::lr, above(0), "learning rate at the schedule's value 1"),
                      field("momentum", &P::momentum, half_open(0, 1), "weight of the previous direction"),
                      field("nesterov", &P::nesterov, "look ahead along the momentum"),
                      field("weight_decay", &P::weight_decay, at_least(0), "pull towards zero"),
                      field("decoupled", &P::decoupled, "decay the weight itself instead of adding to the gradient")};
  }
};

// Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101).
struct AdamWParams {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
  static constexpr auto schema() {
    using P = AdamWParams;
    return std::tuple{
        field("lr", &P::lr, above(0), "learning rate at the schedule's value 1"),
        field("beta1", &P::beta1, half_open(0, 1), "decay of the mean of gradients"),
        field("beta2", &P::beta2, half_open(0, 1), "decay of the mean of squares"),
        field("epsilon", &P::epsilon, above(0), "added to the root of the squares"),
        field("weight_decay", &P::weight_decay, at_least(0), "decoupled decay: w *= 1 - lr * weight_decay")};
  }
};

// Momentum whose matrices are orthogonalised by Newton-Schulz iteration (Jordan et al. 2024), for hidden filters and
// matrices. `scale`: none, as published for hidden matrices; "spectral": times sqrt(max(1, rows/columns)).
enum class MuonScale { kSpectral, kUnitNorm, kNone };
constexpr std::array<std::string_view, 3> choices(MuonScale) { return {"spectral", "unit_norm", "none"}; }
struct MuonParams {
  double lr = 0.05, momentum = 0.95, weight_decay = 0;
  bool nesterov = true;
  int64_t iterations = 5;
  MuonScale scale = MuonScale::kSpectral;
  static constexpr auto schema() {
    using P = MuonParams;
    return std::tuple{
        field("lr", &P::lr, above(0), "learning rate at the schedule's value 1"),
        field("momentum", &P::momentum, half_open(0, 1), "weight of the previous direction"),
        field("nesterov", &P::nesterov, "look ahead along the momentum"),
        field("iterations", &P::iterations, {1, 20}, "Newton-Schulz steps"),
        field("scale", &P::scale,
              "spectral: x sqrt(max(1, rows/columns)); unit_norm: weights kept at norm sqrt(rows); none"),
        field("weight_decay", &P::weight_decay, at_least(0), "decoupled decay: w *= 1 - lr * weight_decay")};
  }
};

}  // namespace hasten
