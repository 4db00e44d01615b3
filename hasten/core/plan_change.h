// What happens to the tensors of a model when its plan changes during a run.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "hasten/core/named_tensor.h"

namespace hasten {

// Entries of one dimension that are kept, in their new order.
struct Selection {
  int64_t dimension = 0;
  std::vector<int64_t> kept;
};

// Where a tensor of the new plan comes from.
struct TensorMove {
  std::string from;  // name in the old plan
  std::vector<Selection> selections;
};

// Moves by the new name of parameters and buffers, and of whole blocks. What is not listed keeps the tensor of its name if the shapes agree,
// and starts afresh otherwise. The same moves carry optimizer slots, averages and whatever else has the shape of a
// parameter.
struct PlanChange {
  std::string reason;  // for the log: "grown to 8 blocks"
  std::map<std::string, TensorMove> moves;
  std::map<std::string, std::string> blocks;  // all tensors of a block, by its new name, are copied from an old block

  // The tensor for the new name out of the old ones, or an undefined tensor. `dimensions`: of the parameter itself; a
  // tensor with fewer (a step counter) is taken as it is.
  at::Tensor moved(const std::string& name, const std::vector<NamedTensor>& old, int64_t dimensions) const;
};

// One tensor for each of `fresh`: carried over from `old` where the change and the shapes allow, else a copy of the
// fresh one.
std::vector<NamedTensor> carried(const PlanChange& change, const std::vector<NamedTensor>& old,
                                 const std::vector<NamedTensor>& fresh);

}  // namespace hasten
