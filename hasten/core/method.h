// The base class of methods.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "hasten/core/state.h"
#include "hasten/core/state_visitor.h"
#include "hasten/spec/method_spec.h"
#include "hasten/spec/plan.h"

namespace hasten {

// A method takes part in a run in up to four ways, each declared by the uses of its spec and enforced:
//   plan    edits model and run plan before anything is built              (Site::plan())
//   hook    is called at events                                            (Event::...)
//   seam    also implements a seam's interface and is called through it    (Seam::...)
//   replan  returns a new plan at the end of a step
// Only the Engine calls methods.
class Method {
 public:
  virtual ~Method() = default;

  // Edits the plan. Throws ConfigError when the method cannot act on it, saying what is missing.
  virtual void plan(Plan&) {}
  virtual void on(Event, State&) {}
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
  MethodEntry(MethodSpec spec_value, std::unique_ptr<Method> (*factory)(const P&)) : spec(std::move(spec_value)) {
    static auto typed = factory;  // one factory a parameter type: names of both come from the same file
    make = [](const ParamSet& params) { return typed(params.as<P>()); };
  }

  MethodSpec spec;
  std::unique_ptr<Method> (*make)(const ParamSet&);
};

}  // namespace hasten
