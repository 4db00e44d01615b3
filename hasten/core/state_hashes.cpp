// Hashes of state.
#include "hasten/core/state_hashes.h"

#include "hasten/base/hash.h"
#include "hasten/base/json.h"

namespace hasten {
namespace {

bool is_clock(const std::string& name) {
  return name.rfind("cost/", 0) == 0 || name.find("_ns") != std::string::npos ||
         name.find("joules") != std::string::npos;
}

}  // namespace

std::string tensor_hash(const at::Tensor& value) {
  if (!value.defined()) return "-";
  at::Tensor host = value.detach().cpu().contiguous();
  return hex(hash64({static_cast<const char*>(host.const_data_ptr()), host.nbytes()}));
}

void StateHashes::on_tensor(const std::string& name, at::Tensor& value) {
  if (value.defined()) values_[name] = tensor_hash(value);
}

void StateHashes::on_integer(const std::string& name, int64_t& value) {
  if (!is_clock(name)) values_[name] = std::to_string(value);
}

void StateHashes::on_number(const std::string& name, double& value) {
  if (!is_clock(name)) values_[name] = Json(value).dump();
}

void StateHashes::on_integers(const std::string& name, std::vector<int64_t>& value) {
  values_[name] = Json(value).dump();
}

}  // namespace hasten
