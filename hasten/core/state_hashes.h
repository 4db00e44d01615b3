// What an owner of state holds, as hashes by name: to see whether two states are equal, and what a call changed.
#pragma once

#include <map>
#include <string>

#include "hasten/core/state_visitor.h"

namespace hasten {

// XXH3 of the contents of a tensor in logical order, as hexadecimal digits; "-" if it is undefined.
std::string tensor_hash(const at::Tensor& value);

// Visits everything that a resumed run needs, except clocks and energy, which no two runs share.
class StateHashes final : public StateVisitor {
 public:
  bool loading() const override { return false; }
  const std::map<std::string, std::string>& values() const { return values_; }

 private:
  void on_tensor(const std::string& name, at::Tensor& value) override;
  void on_integer(const std::string& name, int64_t& value) override;
  void on_number(const std::string& name, double& value) override;
  void on_text(const std::string& name, std::string& value) override { values_[name] = value; }
  void on_integers(const std::string& name, std::vector<int64_t>& value) override;
  std::map<std::string, std::string> values_;
};

}  // namespace hasten
