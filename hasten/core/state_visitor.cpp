// Composite values of the state.
#include "hasten/core/state_visitor.h"

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
  values.resize(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) tensor(std::to_string(i), values[i]);
}

}  // namespace hasten
