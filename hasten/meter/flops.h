// FLOPs of the operators that really ran: two per multiply-add of convolutions and matrix products, forward and
// backward, whoever called them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace at {
struct RecordFunction;
}

namespace hasten {

// FLOPs of one call of an operator, seen from a callback that has its inputs; nothing of operators that do no arithmetic
// worth counting, or whose arguments are not as expected.
std::optional<double> flops_of(const at::RecordFunction& function);

// Counts while it lives, on all threads of the process. Costs about a microsecond an operator, so count one step per
// shape and add the number up (see FlopLedger in train). Nested counters both count.
class FlopCounter {
 public:
  FlopCounter();
  ~FlopCounter();
  FlopCounter(const FlopCounter&) = delete;
  FlopCounter& operator=(const FlopCounter&) = delete;

  double total() const;
  std::map<std::string, double> by_operator() const;  // "aten::convolution" -> FLOPs

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace hasten
