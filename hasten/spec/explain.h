// What a recipe would do: who acts where and in which order, what methods changed in the plan, and the analytic cost.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/spec/order.h"
#include "hasten/spec/plan.h"

namespace hasten {

struct PlanCost {
  double parameters = 0;
  bool flops_known = true;  // not of a module whose layers no plan describes: what runs is counted
  double forward_flops = 0, backward_flops = 0;  // of one sample
  double run_flops = 0;                          // of the whole budget and what goes before; 0 if only the run tells
  double before_flops = 0;                       // of preludes
  double weight_bytes = 0;                       // weights, gradients and optimizer slots
};

// How much faster the run could be at best, if FLOPs were all that counts: the recipe with this method alone against the
// baseline, at the same budget. A gain beyond it must come from reaching the quality earlier.
struct Ceiling {
  std::string method;
  double speedup = 1;
};

struct SiteOrder {
  std::string site;
  std::vector<std::string> methods;  // "ema (average)"
};

struct Explanation {
  std::string recipe;
  std::vector<SiteOrder> sites;
  std::vector<std::string> changes;  // lines of the plan's difference against the baseline
  std::string model_table;
  std::vector<std::string> groups;
  PlanCost baseline, plan;
  std::vector<Ceiling> ceilings;
};

// A plan with the FLOPs that its methods say it will take (Engine::estimate_cost).
struct CostedPlan {
  const Plan& plan;
  CostEstimate cost;
};
// The FLOPs that the plan shows, before methods had their say.
CostEstimate plan_cost(const Plan& plan);

Explanation explain(const Recipe& recipe, const Plan& baseline, const CostedPlan& planned, const MethodOrder& order);
void add_ceiling(Explanation& explanation, const std::string& method, const Plan& baseline,
                 const CostedPlan& with_it_alone);
std::string explanation_text(const Explanation& explanation);
Json explanation_json(const Explanation& explanation);

}  // namespace hasten
