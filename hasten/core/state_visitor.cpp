// Composite values of the state.
#include "hasten/core/state_visitor.h"

#include <algorithm>

namespace hasten {

void StateVisitor::truth(std::string_view name, bool& value) {
  int64_t number = value ? 1 : 0;
  integer(name, number);
  value = number != 0;
}

void StateVisitor::tensors(std::string_view name, std::vector<at::Tensor>& values) {
  Scope scope(*this, name);
  auto count = static_cast<int64_t>(values.size());
  integer("count", count);
  // One by one: a broken file ends at the first that is missing, whatever count it gives.
  if (count < static_cast<int64_t>(values.size())) values.resize(static_cast<size_t>(std::max<int64_t>(count, 0)));
  for (size_t i = 0; static_cast<int64_t>(i) < count; ++i) {
    if (i == values.size()) values.emplace_back();
    tensor(std::to_string(i), values[i]);
  }
}

}  // namespace hasten
