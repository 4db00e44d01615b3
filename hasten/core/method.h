// The base class of methods.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "hasten/core/plan_change.h"
#include "hasten/core/state.h"
#include "hasten/core/state_visitor.h"
#include "hasten/spec/method_spec.h"
#include "hasten/spec/plan.h"

namespace hasten {

// A method takes part in a run in up to four ways, each declared by the uses of its spec and enforced:
//   plan    edits model and run plan before anything is built              (Site::plan())
//   hook    is called at events                                            (Event::...)
//   seam    also implements a seam's interface and is called through it    (Seam::...)
//   replan  changes what its plan() does, at the end of a step, and says how tensors are carried over (Site::replan())
// Only the Engine calls methods.
class Method {
 public:
  virtual ~Method() = default;

  // Edits the plan. Throws ConfigError when the method cannot act on it, saying what is missing. The edit is a function
  // of settings and state, so that a resumed run, whose state is loaded first, makes the plan that it left.
  virtual void plan(Plan&) {}
  virtual void on(Event, State&) {}
  // Called at the end of a step: a change of what plan() does from now on, if it is time for one. The trainer plans
  // anew with all methods, builds, and carries parameters, statistics and optimizer slots over.
  virtual std::optional<PlanChange> replan(State&) { return std::nullopt; }
  // The plan was changed, by this method or another: state.model is the new one. Whoever keeps tensors of the model's
  // shapes carries them over.
  virtual void carry(const PlanChange&, State&) {}
  // What the method costs or saves in FLOPs beyond what the plan of the first step shows.
  virtual void cost(const Plan&, CostEstimate&) const {}
  // What decides the work of the coming step besides its shapes (dropped blocks, an extra pass): two steps of equal
  // shapes and equal answers cost equal FLOPs. Called after BatchReady.
  virtual uint64_t work(const State&) const { return 0; }
  // Enumerates everything that a resumed run needs. A method without state says so by an empty body.
  virtual void state(StateVisitor&) = 0;
  // The numeric setting of that name for schedules, or nullptr.
  virtual double* scheduled(std::string_view) { return nullptr; }
};

// A method with its parameters.
template <class P>
class MethodOf : public Method {
 public:
  explicit MethodOf(const P& params) : params_(params) {}

  double* scheduled(std::string_view name) final {
    double* found = nullptr;
    auto look = [&](const auto& f) {
      if constexpr (std::is_same_v<std::remove_reference_t<decltype(params_.*(f.member))>, double>) {
        if (name == f.name) found = &(params_.*(f.member));
      }
    };
    std::apply([&](const auto&... f) { (look(f), ...); }, P::schema());
    return found;
  }

 protected:
  P params_;
};

// A method's spec with the function that makes it.
struct MethodEntry {
  template <class P>
  MethodEntry(MethodSpec spec_value, std::unique_ptr<Method> (*factory)(const P&))
      : spec(std::move(spec_value)), make([factory](const ParamSet& params) { return factory(params.as<P>()); }) {}

  MethodSpec spec;
  std::function<std::unique_ptr<Method>(const ParamSet&)> make;
};

}  // namespace hasten
