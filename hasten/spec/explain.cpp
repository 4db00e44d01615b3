// Explaining a plan.
#include "hasten/spec/explain.h"

#include <algorithm>

#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

// bfloat16 halves the time of a multiply-add at best on hardware with twice the rate for it; more is hardware-specific.
constexpr double kBf16Rate = 2;

PlanCost cost_of(const Plan& plan, const CostEstimate& estimate) {
  PlanCost cost;
  cost.parameters = static_cast<double>(plan.model.parameter_count());
  cost.flops_known = !plan.model.opaque;
  cost.forward_flops = estimate.forward;
  cost.backward_flops = estimate.backward;
  cost.before_flops = estimate.before;
  double samples = plan.run.length().total(Unit::kSample);
  if (samples > 0) cost.run_flops = estimate.before + samples * (estimate.forward + estimate.backward);
  // fp32 weight, gradient and one slot at least.
  cost.weight_bytes = cost.parameters * 4 * 3;
  return cost;
}

Phase phase_of(const MethodSpec& spec, Site site) {
  for (const Use& use : spec.uses) {
    if (use.site == site) return use.phase;
  }
  return Phase::kObserve;
}

constexpr size_t kNamesShown = 12;  // of the tensors of a group

std::string group_line(const Plan& plan, const ParameterGroup& group) {
  std::vector<std::string> shown = group.parameters;
  if (shown.size() > kNamesShown) {
    shown.resize(kNamesShown);
    shown.push_back(cat("and ", group.parameters.size() - kNamesShown, " more"));
  }
  return cat(plan.run.optimizers[group.optimizer].spec->name, "  lr ", number(group.lr), "  weight decay ",
             number(group.weight_decay), "  ", group.parameters.size(), " tensors: ", join(shown, " "));
}

Json cost_json(const PlanCost& cost) {
  auto known = [&](double flops) { return cost.flops_known ? Json(flops) : Json(); };
  return {{"parameters", cost.parameters},
          {"forward_flops_per_sample", known(cost.forward_flops)},
          {"backward_flops_per_sample", known(cost.backward_flops)},
          {"run_flops", cost.run_flops > 0 ? known(cost.run_flops) : Json()},
          {"before_flops", known(cost.before_flops)},
          {"weight_bytes", cost.weight_bytes}};
}

std::string flops_text(const PlanCost& cost) {
  if (!cost.flops_known) return "FLOPs unknown (no plan describes its layers; a run counts them)";
  return cat(si(cost.forward_flops), " + ", si(cost.backward_flops), " FLOPs a sample (forward + backward), ",
             cost.run_flops > 0 ? si(cost.run_flops) + " for the run" : "run length known at the end",
             cost.before_flops > 0 ? " (" + si(cost.before_flops) + " of them before its first step)" : "");
}

std::string cost_line(const char* name, const PlanCost& cost) {
  return cat("  ", name, si(cost.parameters), " parameters, ", flops_text(cost), ", ", si(cost.weight_bytes),
             "B of weights, gradients and slots at least\n");
}

}  // namespace

CostEstimate plan_cost(const Plan& plan) {
  PassCost pass = plan.model.flops();
  return {pass.forward, pass.backward};
}

Explanation explain(const Recipe& recipe, const Plan& baseline, const CostedPlan& planned, const MethodOrder& order) {
  const Plan& plan = planned.plan;
  Explanation out;
  out.recipe = recipe.name;
  for (const auto& [site, methods] : order) {
    SiteOrder line{std::string(site.name()), {}};
    for (const MethodSpec* spec : methods)
      line.methods.push_back(cat(spec->name, " (", name_of(phase_of(*spec, site)), ")"));
    out.sites.push_back(std::move(line));
  }
  out.changes = json_difference(baseline.to_json(), plan.to_json());
  out.model_table = plan.model.table();
  for (const ParameterGroup& group : parameter_groups(plan)) out.groups.push_back(group_line(plan, group));
  out.baseline = cost_of(baseline, plan_cost(baseline));
  out.plan = cost_of(plan, planned.cost);
  return out;
}

void add_ceiling(Explanation& explanation, const std::string& method, const Plan& baseline,
                 const CostedPlan& with_it_alone) {
  if (baseline.model.opaque) return;
  auto run_cost = [](const CostedPlan& costed) {
    // Where only the run will tell its length, a sample of one stands against a sample of the other.
    const double samples = std::max(costed.plan.run.length().total(Unit::kSample), 1.0);
    const double rate = costed.plan.run.precision.compute == Compute::kBf16 ? kBf16Rate : 1;
    return (costed.cost.before + samples * (costed.cost.forward + costed.cost.backward)) / rate;
  };
  explanation.ceilings.push_back({method, run_cost({baseline, plan_cost(baseline)}) / run_cost(with_it_alone)});
}

std::string explanation_text(const Explanation& e) {
  std::string out = "recipe " + e.recipe + "\n\nmodel\n" + e.model_table + "\nparameter groups\n";
  for (const std::string& line : e.groups) out += "  " + line + "\n";
  out += "\nwho acts where, in order\n";
  if (e.sites.empty()) out += "  no methods\n";
  for (const SiteOrder& site : e.sites) out += "  " + site.site + ": " + join(site.methods, " -> ") + "\n";
  out += "\nwhat methods change in the plan\n";
  if (e.changes.empty()) out += "  nothing\n";
  for (const std::string& line : e.changes) out += "  " + line + "\n";
  out += "\nanalytic cost\n" + cost_line("baseline  ", e.baseline) + cost_line("recipe    ", e.plan);
  if (e.ceilings.empty()) return out;
  out += "\nceiling of each method alone, at the same budget (FLOPs only, bf16 counted at twice the rate of fp32)\n";
  for (const Ceiling& c : e.ceilings) out += "  " + c.method + ": " + fixed(c.speedup, 2) + "x\n";
  return out;
}

Json explanation_json(const Explanation& e) {
  Json json = {{"recipe", e.recipe}, {"order", Json::object()}, {"changes", e.changes}, {"groups", e.groups}};
  for (const SiteOrder& site : e.sites) json["order"][site.site] = site.methods;
  json["cost"] = {{"baseline", cost_json(e.baseline)}, {"recipe", cost_json(e.plan)}};
  json["ceilings"] = Json::object();
  for (const Ceiling& c : e.ceilings) json["ceilings"][c.method] = c.speedup;
  return json;
}

}  // namespace hasten
