// Calling methods.
#include "hasten/core/engine.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

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

}  // namespace

Engine::Engine(std::vector<Active> methods) : methods_(std::move(methods)) {
  std::vector<const MethodSpec*> specs;
  for (const Active& active : methods_) specs.push_back(active.choice.spec);
  order_ = resolve_order(specs);
  for (const auto& [site, list] : order_) {
    for (const MethodSpec* spec : list) {
      Active* active =
          &*std::find_if(methods_.begin(), methods_.end(), [&](const Active& a) { return a.choice.spec == spec; });
      if (site.is_plan()) planners_.push_back(active);
      else if (site.is_event()) hooks_[static_cast<size_t>(site.event())].push_back(active);
      else parts_[static_cast<size_t>(site.seam())].push_back(active);
    }
  }
}

void Engine::edit_plan(Plan& plan, bool allow_inert) {
  if (!allow_inert) {
    for (const Active& active : methods_) refuse_neutral(active.choice);
  }
  for (Active* active : planners_) {
    const MethodSpec& spec = *active->choice.spec;
    Json before = allow_inert || spec.capabilities() != kPlans ? Json() : plan.to_json();
    active->method->plan(plan);
    plan.model.infer();
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
  } catch (const std::exception& error) {
    throw InternalError(context + error.what());
  }
}

}  // namespace hasten
