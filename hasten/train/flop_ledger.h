// FLOPs of training steps: counted once for every shape of step, then added up.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>

#include "hasten/meter/flops.h"

namespace hasten {

// What two steps must share to cost the same FLOPs. `signature` is changed by whoever changes the work of a step
// (dropped blocks, extra passes).
struct StepShape {
  int64_t batch = 0, microbatch = 0, height = 0, width = 0;
  uint64_t signature = 0;
  auto operator<=>(const StepShape&) const = default;
};

class FlopLedger {
 public:
  // Runs one step and returns its FLOPs, counting operators only if the shape is new.
  template <class Body>
  double run(const StepShape& shape, Body&& body) {
    auto known = flops_.find(shape);
    if (known != flops_.end()) {
      body();
      return known->second;
    }
    FlopCounter counter;
    body();
    return flops_[shape] = counter.total();
  }
  const std::map<StepShape, double>& known() const { return flops_; }

 private:
  std::map<StepShape, double> flops_;
};

}  // namespace hasten
