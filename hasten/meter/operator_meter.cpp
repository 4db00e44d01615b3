// Through LibTorch's operator callbacks.
#include "hasten/meter/operator_meter.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/record_function.h>
#include <c10/core/GradMode.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/meter/flops.h"

namespace hasten {
namespace {

std::mutex mutex;
std::map<std::string, OperatorUse> table;
bool metering = false;

struct Call final : at::ObserverContext {
  int64_t begin = now_ns(), inside_ns = 0;
  double flops = 0, input_bytes = 0;
  bool known = false;    // its FLOPs are, so what it calls belongs to it
  bool covered = false;  // inside of such a one
  double inner_bytes = 0;  // that calls within have counted
  Call* outer = nullptr;
  std::set<const void*> storages;
};
thread_local Call* current = nullptr;

template <class Visit>
void each_tensor(const c10::IValue& value, Visit&& visit) {
  if (value.isTensor() && value.toTensor().defined()) visit(value.toTensor());
  if (value.isTensorList()) {
    for (const at::Tensor& tensor : value.toTensorVector()) {
      if (tensor.defined()) visit(tensor);
    }
  }
}

double bytes_of(const at::Tensor& tensor) { return static_cast<double>(tensor.nbytes()); }

std::unique_ptr<at::ObserverContext> begin_call(const at::RecordFunction& function) {
  auto call = std::make_unique<Call>();
  call->outer = current;
  if (current != nullptr) {
    call->covered = current->known || current->covered;
  }
  if (!call->covered) {
    if (const std::optional<double> flops = flops_of(function)) {
      call->flops = *flops;
      call->known = true;
    }
    for (const c10::IValue& value : function.inputs()) {
      each_tensor(value, [&](const at::Tensor& tensor) {
        call->input_bytes += bytes_of(tensor);
        if (tensor.has_storage()) call->storages.insert(tensor.storage().data());
      });
    }
  }
  current = call.get();
  return call;
}

void end_call(const at::RecordFunction& function, at::ObserverContext* context) {
  auto* call = static_cast<Call*>(context);
  if (call == nullptr) return;
  const int64_t ns = now_ns() - call->begin;
  current = call->outer;
  if (call->covered) return;
  if (current != nullptr) current->inside_ns += ns;
  const std::string name = function.name();
  double written = 0;
  bool view = false;
  for (const c10::IValue& value : function.outputs()) {
    each_tensor(value, [&](const at::Tensor& tensor) {
      const bool aliased = tensor.has_storage() && call->storages.count(tensor.storage().data()) != 0;
      view = view || (aliased && !name.ends_with('_'));
      written += bytes_of(tensor);
    });
  }
  // What operators within have moved is theirs: a linear layer's product, but not the scalar of a multiplication.
  const bool moves = !view && name.find("::empty") == std::string::npos;
  const double bytes = moves ? std::max(0.0, call->input_bytes + written - call->inner_bytes) : 0;
  if (current != nullptr) current->inner_bytes += call->inner_bytes + bytes;
  std::lock_guard lock(mutex);
  OperatorUse& use = table[name];
  use.name = name;
  ++use.calls;
  use.seconds += seconds(call->known ? ns : ns - call->inside_ns);
  use.flops += call->flops;
  use.bytes += bytes;
}

void wait_for(const at::Tensor& tensor) {
  const at::Device device = tensor.device();
  if (!device.is_cpu()) c10::impl::getDeviceGuardImpl(device.type())->synchronizeDevice(device.index());
}

// Seconds of the fastest of some calls.
template <class Work>
double fastest(const at::Tensor& result, Work&& work) {
  constexpr int kTimes = 6;
  double least = 0;
  for (int i = 0; i <= kTimes; ++i) {
    const int64_t begin = now_ns();
    work();
    wait_for(result);
    const double took = seconds(now_ns() - begin);
    if (i > 0) least = i == 1 ? took : std::min(least, took);  // the first one warms up
  }
  return least;
}

}  // namespace

OperatorMeter::OperatorMeter() {
  {
    std::lock_guard lock(mutex);
    HASTEN_CHECK(!metering, "one operator meter at a time");
    metering = true;
    table.clear();
  }
  callback_ = at::addGlobalCallback(at::RecordFunctionCallback(&begin_call, &end_call)
                                        .needsInputs(true)
                                        .needsOutputs(true)
                                        .scopes({at::RecordScope::FUNCTION}));
}

OperatorMeter::~OperatorMeter() {
  at::removeCallback(callback_);
  std::lock_guard lock(mutex);
  metering = false;
}

std::vector<OperatorUse> OperatorMeter::uses() const {
  std::lock_guard lock(mutex);
  std::vector<OperatorUse> out;
  for (const auto& [name, use] : table) out.push_back(use);
  std::stable_sort(out.begin(), out.end(),
                   [](const OperatorUse& a, const OperatorUse& b) { return a.seconds > b.seconds; });
  return out;
}

DevicePeaks measure_peaks(bool on_gpu, bool half) {
  c10::NoGradGuard no_grad;
  const at::Device device = on_gpu ? at::Device(at::kCUDA) : at::Device(at::kCPU);
  const int64_t side = on_gpu ? 8192 : half ? 2048 : 1536;
  const auto options = at::TensorOptions(half ? at::kBFloat16 : at::kFloat).device(device);
  const at::Tensor a = at::ones({side, side}, options), b = at::ones({side, side}, options);
  at::Tensor product = at::mm(a, b);
  DevicePeaks peaks;
  const auto cube = static_cast<double>(side) * static_cast<double>(side) * static_cast<double>(side);
  peaks.flops_per_s = 2 * cube / fastest(product, [&] { at::mm_out(product, a, b); });
  const int64_t bytes = int64_t{on_gpu ? 1024 : 128} << 20;
  const at::Tensor from = at::ones({bytes}, at::TensorOptions(at::kByte).device(device)), to = at::empty_like(from);
  peaks.bytes_per_s = 2 * static_cast<double>(bytes) / fastest(to, [&] { to.copy_(from); });
  return peaks;
}

}  // namespace hasten
