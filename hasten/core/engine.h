// The only caller of methods: hooks at events and parts on seams, in the resolved order, timed, and with errors that
// say where they happened.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hasten/base/clock.h"
#include "hasten/core/method.h"
#include "hasten/spec/order.h"

namespace hasten {

class Engine {
 public:
  struct Active {
    MethodChoice choice;
    std::unique_ptr<Method> method;
    int64_t elapsed_ns = 0;  // time spent in its hooks and parts
    int64_t calls = 0;
  };

  // Methods in any order; resolves the order of every site. Throws ConfigError on conflicts, and InternalError when a
  // method does not implement a seam that its spec declares.
  explicit Engine(std::vector<Active> methods);

  // Lets every method edit the plan, in order. A method that can only plan and changes nothing is refused, as is one
  // whose neutral setting is chosen, unless `allow_inert` (for tests).
  void edit_plan(Plan& plan, bool allow_inert = false);

  // Calls the hooks of an event. Costs a branch when nobody listens.
  void fire(Event event, State& state) {
    const auto& listeners = hooks_[static_cast<size_t>(event)];
    if (!listeners.empty()) call_hooks(event, state);
  }

  // Whether a part stands on the seam of this interface.
  template <class Interface>
  bool has() const {
    return !parts_[static_cast<size_t>(Interface::kSeam)].empty();
  }
  // Calls `use(part)` for every part of a seam, in order.
  template <class Interface, class Use>
  void each(const State& state, Use&& use) {
    for (Active* active : parts_[static_cast<size_t>(Interface::kSeam)]) {
      call(*active, Interface::kSeam, state, [&] { use(part<Interface>(*active)); });
    }
  }
  // The phase of the parts of a seam, in order; for chains that built-in parts join.
  template <class Interface>
  std::vector<Phase> phases() const {
    return phases_at(Interface::kSeam);
  }
  template <class Interface>
  size_t count() const {
    return parts_[static_cast<size_t>(Interface::kSeam)].size();
  }
  // A part to ask at build time, by its place in the order.
  template <class Interface>
  const Interface& look(size_t index) const {
    return part<Interface>(*parts_[static_cast<size_t>(Interface::kSeam)][index]);
  }
  // Calls `use(part)` for one part of a seam by its place in the order.
  template <class Interface, class Use>
  void one(size_t index, const State& state, Use&& use) {
    Active& active = *parts_[static_cast<size_t>(Interface::kSeam)][index];
    call(active, Interface::kSeam, state, [&] { use(part<Interface>(active)); });
  }

  // The change of plan that some method asks for at the end of a step; call until there is none.
  std::optional<PlanChange> replan(State& state);
  void carry(const PlanChange& change, State& state);
  // FLOPs of the planned run, with what its methods cost or save beyond the plan.
  CostEstimate estimate_cost(const Plan& plan) const;
  // What the methods say of the coming step's work, as one number.
  uint64_t work(const State& state);

  // Sees every call from outside: for tests that hold what methods change against what they declare.
  class Probe {
   public:
    virtual ~Probe() = default;
    virtual void before(const MethodSpec& spec, Site site) = 0;
    virtual void after(const MethodSpec& spec, Site site) = 0;
  };
  void set_probe(Probe* probe) { probe_ = probe; }

  std::vector<Active>& methods() { return methods_; }
  const MethodOrder& order() const { return order_; }
  // A numeric setting of a method by its path "method.NAME.SETTING", or nullptr.
  double* scheduled(std::string_view path);
  void state(StateVisitor& visitor);

 private:
  template <class Interface>
  static Interface& part(Active& active) {
    auto* found = dynamic_cast<Interface*>(active.method.get());
    if (found == nullptr) missing_part(active, Interface::kSeam);
    return *found;
  }
  template <class Body>
  void call(Active& active, Site site, const State& state, Body&& body) {
    if (probe_ != nullptr) probe_->before(*active.choice.spec, site);
    int64_t start = now_ns();
    try {
      body();
    } catch (...) {
      rethrow_with_context(active, site, state);
    }
    active.elapsed_ns += now_ns() - start;
    ++active.calls;
    if (probe_ != nullptr) probe_->after(*active.choice.spec, site);
  }
  [[noreturn]] static void missing_part(const Active& active, Seam seam);
  [[noreturn]] static void rethrow_with_context(const Active& active, Site site, const State& state);
  void call_hooks(Event event, State& state);
  std::vector<Phase> phases_at(Seam seam) const;

  std::vector<Active> methods_;
  MethodOrder order_;
  std::array<std::vector<Active*>, kEventCount> hooks_;
  std::array<std::vector<Active*>, kSeamCount> parts_;
  std::vector<Active*> planners_, replanners_;
  Probe* probe_ = nullptr;
};

}  // namespace hasten
