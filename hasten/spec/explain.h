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
  double forward_flops = 0, backward_flops = 0;  // of one sample
  double run_flops = 0;                          // of the whole budget; 0 if only the run will tell
  double weight_bytes = 0;                       // weights, gradients and optimizer slots
};

// How much faster a step could be at best, if FLOPs were all that counts: the plan with this method alone against the
// baseline, at the same number of steps. A gain beyond it must come from fewer steps.
struct Ceiling {
  std::string method;
  double step_speedup = 1;
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

Explanation explain(const Recipe& recipe, const Plan& baseline, const Plan& plan, const MethodOrder& order);
void add_ceiling(Explanation& explanation, const MethodChoice& choice, const Plan& baseline, const Plan& with_it_alone);
std::string explanation_text(const Explanation& explanation);
Json explanation_json(const Explanation& explanation);

}  // namespace hasten
