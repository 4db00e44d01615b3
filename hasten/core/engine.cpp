// Calling methods.
#include "hasten/core/engine.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <map>
#include <new>
#include <stdexcept>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/core/out_of_memory.h"
#include "hasten/spec/explain.h"

namespace hasten {
namespace {

void refuse_neutral(const MethodChoice& choice) {
  const Neutral& neutral = choice.spec->neutral;
  if (neutral.parameter.empty()) return;
  Json value = choice.params.get(neutral.parameter);
  if (!value.is_number() || value.get<double>() != neutral.value) return;
  throw ConfigError("method." + choice.spec->name + "." + neutral.parameter,
                    "a value at which the method does something", value.dump(),
                    "remove the method, or choose another value");
}

// A schedule that two methods set would be the later one's alone.
void own_schedules(const std::map<std::string, Schedule>& before, const std::map<std::string, Schedule>& after,
                   const std::string& method, std::map<std::string, std::string>& owner) {
  for (const auto& [path, schedule] : after) {
    auto old = before.find(path);
    if (old != before.end() && old->second == schedule) continue;
    auto [entry, first] = owner.emplace(path, method);
    if (first) continue;
    throw ConfigError("method." + method, "one method that sets the exclusive schedule of " + path,
                      "'" + entry->second + "' and '" + method + "'",
                      "drop one, for example by --without " + entry->second);
  }
}

}  // namespace

Engine::Engine(std::vector<Active> methods) : methods_(std::move(methods)) {
  std::vector<const MethodSpec*> specs;
  for (const Active& active : methods_) specs.push_back(active.choice.spec);
  order_ = resolve_order(specs);
  for (const auto& [site, list] : order_) {
    // Places that are kept for training on several devices.
    HASTEN_CHECK(site != Site(Event::kBucketReduce) && site != Site(Seam::kGradientReducer),
                 list.front()->name + " acts at " + std::string(site.name()) + ", which nothing calls");
    for (const MethodSpec* spec : list) {
      Active* active =
          &*std::find_if(methods_.begin(), methods_.end(), [&](const Active& a) { return a.choice.spec == spec; });
      if (site.is_plan()) planners_.push_back(active);
      else if (site.is_replan()) replanners_.push_back(active);
      else if (site.is_event()) hooks_[static_cast<size_t>(site.event())].push_back(active);
      else parts_[static_cast<size_t>(site.seam())].push_back(active);
    }
  }
}

void Engine::edit_plan(Plan& plan, bool allow_inert) {
  if (!allow_inert) {
    for (const Active& active : methods_) refuse_neutral(active.choice);
  }
  std::map<std::string, std::string> schedule_owner;
  for (Active* active : planners_) {
    const MethodSpec& spec = *active->choice.spec;
    Json before = allow_inert || spec.capabilities() != kPlans ? Json() : plan.to_json();
    std::map<std::string, Schedule> schedules = plan.run.schedules;
    active->method->plan(plan);
    plan.model.infer();
    own_schedules(schedules, plan.run.schedules, spec.name, schedule_owner);
    if (!before.is_null() && before == plan.to_json()) {
      throw ConfigError("method." + spec.name, "a recipe in which the method changes something",
                        "one in which it would do nothing", "remove the method: " + spec.summary);
    }
  }
}

void Engine::call_hooks(Event event, State& state) {
  for (Active* active : hooks_[static_cast<size_t>(event)]) {
    call(*active, event, state, [&] { active->method->on(event, state); });
  }
}

std::optional<PlanChange> Engine::replan(State& state) {
  for (Active* active : replanners_) {
    std::optional<PlanChange> change;
    call(*active, Site::replan(), state, [&] { change = active->method->replan(state); });
    if (change) return change;
  }
  return std::nullopt;
}

void Engine::carry(const PlanChange& change, State& state) {
  for (Active& active : methods_) {
    call(active, Site::replan(), state, [&] { active.method->carry(change, state); });
  }
}

CostEstimate Engine::estimate_cost(const Plan& plan) const {
  CostEstimate estimate = plan_cost(plan);
  // By phase, whatever the order in the recipe: shapes and depth first, extra passes behind loss terms, averages last.
  std::vector<const Active*> ordered;
  for (const Active& active : methods_) ordered.push_back(&active);
  auto phase = [](const Active* active) {
    Phase last = Phase::kStructure;
    for (const Use& use : active->choice.spec->uses) {
      if (use.phase != Phase::kObserve) last = std::max(last, use.phase);
    }
    return last;
  };
  std::stable_sort(ordered.begin(), ordered.end(), [&](const Active* a, const Active* b) {
    return phase(a) != phase(b) ? phase(a) < phase(b) : a->choice.spec->name < b->choice.spec->name;
  });
  for (const Active* active : ordered) active->method->cost(plan, estimate);
  return estimate;
}

uint64_t Engine::work(const State& state) {
  uint64_t all = 0;
  for (const Active& active : methods_) all = mix(all, active.method->work(state));
  return all;
}

std::vector<Phase> Engine::phases_at(Seam seam) const {
  std::vector<Phase> phases;
  for (const Active* active : parts_[static_cast<size_t>(seam)]) {
    for (const Use& use : active->choice.spec->uses) {
      if (use.site == Site(seam)) phases.push_back(use.phase);
    }
  }
  return phases;
}

double* Engine::scheduled(std::string_view path) {
  for (Active& active : methods_) {
    std::string prefix = "method." + active.choice.spec->name + ".";
    if (path.substr(0, prefix.size()) == prefix) return active.method->scheduled(path.substr(prefix.size()));
  }
  return nullptr;
}

void Engine::state(StateVisitor& visitor) {
  for (Active& active : methods_) {
    StateVisitor::Scope scope(visitor, active.choice.spec->name);
    active.method->state(visitor);
  }
}

void Engine::missing_part(const Active& active, Seam seam) {
  throw InternalError(active.choice.spec->name + " declares the seam " + std::string(name_of(seam)) +
                      " and does not implement it");
}

void Engine::rethrow_with_context(const Active& active, Site site, const State& state) {
  std::string context =
      cat("while running ", active.choice.spec->name, " at ", site.name(), ", step ", state.progress.step, ": ");
  try {
    throw;
  } catch (const ConfigError&) {
    throw;  // already says where
  } catch (const DataError&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;  // the batch is to blame
  } catch (const InternalError& error) {
    throw InternalError(context + error.what());
  } catch (const c10::Error& error) {
    if (is_out_of_memory(error)) throw;
    throw std::runtime_error(context + error.what_without_backtrace());
  } catch (const std::exception& error) {
    throw std::runtime_error(context + error.what());
  }
}

}  // namespace hasten
