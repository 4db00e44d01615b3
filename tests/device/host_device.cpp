// A device of its own whose memory is the host's: LibTorch's backend for others, filled in.
#include "tests/device/host_device.h"

#include <ATen/EmptyTensor.h>
#include <ATen/NativeFunctions.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/Allocator.h>
#include <c10/core/GradMode.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "hasten/nn/extra_pass.h"

namespace hasten {
namespace {

constexpr at::DeviceType kType = at::DeviceType::PrivateUse1;

// Knows all blocks of memory, so that they can be put back as they were.
struct Blocks {
  std::mutex mutex;
  std::map<void*, size_t> bytes;
};
Blocks& blocks() {
  static Blocks all;
  return all;
}

void free_block(void* data) {
  std::lock_guard lock(blocks().mutex);
  blocks().bytes.erase(data);
  std::free(data);
}

class HostAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* data = bytes == 0 ? nullptr : std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    std::lock_guard lock(blocks().mutex);
    if (data != nullptr) blocks().bytes[data] = bytes;
    return {data, data, &free_block, at::Device(kType, 0)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free_block; }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }
};

// What is recorded at the moment, if anything is; operators of a backward pass come from another thread.
std::atomic<std::vector<std::function<void()>>*> recording{nullptr};

void record(std::function<void()> again) {
  if (auto* list = recording.load()) list->push_back(std::move(again));
}

class HostStepGraph final : public StepGraph {
 public:
  void record(const std::function<void()>& body) override {
    std::map<void*, std::string> before;
    {
      std::lock_guard lock(blocks().mutex);
      for (const auto& [data, bytes] : blocks().bytes) before[data].assign(static_cast<const char*>(data), bytes);
    }
    const at::Tensor random = random_state();
    recording = &operators_;
    body();
    recording = nullptr;
    set_random_state(random);
    std::lock_guard lock(blocks().mutex);
    for (const auto& [data, kept] : before) {
      if (blocks().bytes.contains(data)) std::copy(kept.begin(), kept.end(), static_cast<char*>(data));
    }
  }
  void replay() override {
    c10::NoGradGuard no_grad;
    for (const auto& again : operators_) again();
  }

 private:
  std::vector<std::function<void()>> operators_;
};

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
};

HostAllocator& allocator() {
  static HostAllocator instance;
  return instance;
}

// A tensor of the CPU on the same memory.
at::Tensor on_cpu(const at::Tensor& tensor) {
  if (!tensor.defined() || tensor.is_cpu()) return tensor;
  return at::from_blob(tensor.data_ptr(), tensor.sizes(), tensor.strides(), tensor.options().device(at::kCPU));
}

at::Tensor on_device(const at::Tensor& tensor) { return tensor.defined() ? tensor.to(at::Device(kType, 0)) : tensor; }

at::Tensor empty(c10::SymIntArrayRef size, std::optional<at::ScalarType> type, std::optional<at::Layout>,
                 std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(C10_AS_INTARRAYREF_SLOW(size), &allocator(),
                                   c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), c10::dtype_or_default(type),
                                   format);
}

at::Tensor empty_strided(c10::SymIntArrayRef size, c10::SymIntArrayRef stride, std::optional<at::ScalarType> type,
                         std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(C10_AS_INTARRAYREF_SLOW(size), C10_AS_INTARRAYREF_SLOW(stride), &allocator(),
                                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                           c10::dtype_or_default(type));
}

at::Tensor copy_from(const at::Tensor& self, const at::Tensor& to, bool) {
  on_cpu(to).copy_(on_cpu(self));
  record([self, to] { on_cpu(to).copy_(on_cpu(self)); });
  return to;
}

// A new tensor of the device with the values of `compute()`, also when that is done again.
template <class Compute>
at::Tensor computed(const Compute& compute) {
  const at::Tensor first = compute();
  if (!first.defined()) return first;
  at::Tensor out;
  {
    auto* list = recording.exchange(nullptr);
    out = on_device(first);
    recording = list;
  }
  record([out, compute] { on_cpu(out).copy_(compute()); });
  return out;
}

at::Tensor copy_from_and_resize(const at::Tensor& self, const at::Tensor& to) {
  if (self.sizes() != to.sizes()) to.resize_(self.sizes());
  return copy_from(self, to, false);
}

at::Tensor convolution(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       c10::SymIntArrayRef stride, c10::SymIntArrayRef padding, c10::SymIntArrayRef dilation,
                       bool transposed, c10::SymIntArrayRef output_padding, c10::SymInt groups) {
  const std::optional<at::Tensor> own_bias = bias ? std::optional(on_cpu(*bias)) : std::nullopt;
  const std::vector<c10::SymInt> strides = stride.vec(), paddings = padding.vec(), dilations = dilation.vec(),
                                 outer = output_padding.vec();
  return computed([=] {
    return at::convolution_symint(on_cpu(input), on_cpu(weight), own_bias, strides, paddings, dilations, transposed,
                                  outer, groups);
  });
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> convolution_backward(
    const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& weight, c10::SymIntArrayRef stride,
    c10::SymIntArrayRef padding, c10::SymIntArrayRef dilation, bool transposed, c10::SymIntArrayRef output_padding,
    c10::SymInt groups, std::array<bool, 3> mask) {
  const std::vector<c10::SymInt> bias{weight.sym_size(0)};
  const std::vector<c10::SymInt> strides = stride.vec(), paddings = padding.vec(), dilations = dilation.vec(),
                                 outer = output_padding.vec();
  const auto compute = [=](int which) {
    std::array<bool, 3> one{};
    one[static_cast<size_t>(which)] = mask[static_cast<size_t>(which)];
    const auto [to_input, to_weight, to_bias] = at::convolution_backward_symint(
        on_cpu(gradient), on_cpu(input), on_cpu(weight), c10::OptionalArrayRef<c10::SymInt>(bias), strides, paddings,
        dilations, transposed, outer, groups, one);
    return std::array{to_input, to_weight, to_bias}[static_cast<size_t>(which)];
  };
  std::array<at::Tensor, 3> out;
  for (int i = 0; i < 3; ++i) {
    if (mask[static_cast<size_t>(i)]) out[static_cast<size_t>(i)] = computed([=] { return compute(i); });
  }
  return {out[0], out[1], out[2]};
}

using Stack = torch::jit::Stack;

// Calls `change` for every tensor of a value.
template <class Change>
void change_tensors(c10::IValue& value, const Change& change) {
  if (value.isTensor()) {
    value = change(value.toTensor());
  } else if (value.isTensorList()) {
    c10::List<at::Tensor> list;
    for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(change(tensor));
    value = list;
  } else if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> list;
    for (const std::optional<at::Tensor> tensor : value.toOptionalTensorList())
      list.push_back(tensor ? std::optional(change(*tensor)) : std::nullopt);
    value = list;
  } else if (value.isDevice()) {
    value = c10::Device(at::kCPU);
  }
}

// What the operator gives on the CPU for arguments of the device, and on the same memory: what it writes is written here,
// declared or not.
Stack call_on_cpu(const c10::OperatorHandle& op, Stack arguments) {
  for (c10::IValue& value : arguments) change_tensors(value, on_cpu);
  op.callBoxed(&arguments);
  return arguments;
}

// Everything else. All tensors have to be on one side, as LibTorch demands of a GPU.
void fallback(const c10::OperatorHandle& op, Stack* stack) {
  const std::vector<c10::Argument>& declared = op.schema().arguments();
  Stack arguments(stack->end() - static_cast<std::ptrdiff_t>(declared.size()), stack->end());
  std::vector<at::Tensor> given;
  for (c10::IValue value : arguments) {
    change_tensors(value, [&](const at::Tensor& tensor) {
      TORCH_CHECK(!tensor.defined() || !tensor.is_cpu() || tensor.dim() == 0, op.schema().name(),
                  ": a tensor of the CPU among those of the device");
      given.push_back(tensor);
      return tensor;
    });
  }
  TORCH_CHECK(recording == nullptr || op.schema().name() != "aten::_local_scalar_dense",
              "the host waits for a value of the device in a step that is recorded");
  // What an operator is given to write to may have to grow, which memory of others cannot.
  const bool has_out = std::any_of(declared.begin(), declared.end(), [](const c10::Argument& to) {
    return to.kwarg_only() && to.alias_info() != nullptr && to.alias_info()->isWrite();
  });
  if (has_out) {
    record([op, arguments] {
      Stack again = arguments;
      at::native::cpu_fallback(op, &again);
    });
    return at::native::cpu_fallback(op, stack);
  }
  torch::jit::drop(*stack, declared.size());
  Stack results = call_on_cpu(op, arguments);
  auto* list = recording.exchange(nullptr);  // copies to the device are part of the operator
  for (c10::IValue& value : results) {
    change_tensors(value, [&](const at::Tensor& tensor) {
      if (!tensor.defined()) return tensor;
      for (const at::Tensor& own : given) {
        if (own.defined() && own.numel() > 0 && own.data_ptr() == tensor.data_ptr()) return own;
      }
      return on_device(tensor);
    });
  }
  recording = list;
  record([op, arguments, results] {
    const Stack again = call_on_cpu(op, arguments);
    std::vector<at::Tensor> fresh;
    for (c10::IValue value : again) {
      change_tensors(value, [&](const at::Tensor& tensor) { return fresh.emplace_back(tensor); });
    }
    size_t next = 0;
    for (c10::IValue value : results) {
      change_tensors(value, [&](const at::Tensor& tensor) {
        const at::Tensor& now = fresh.at(next++);
        if (tensor.defined() && now.defined() && now.data_ptr() != tensor.data_ptr()) on_cpu(tensor).copy_(now);
        return tensor;
      });
    }
  });
  stack->insert(stack->end(), results.begin(), results.end());
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&fallback>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", &empty);
  library.impl("empty_strided", &empty_strided);
  library.impl("_copy_from", &copy_from);
  library.impl("_copy_from_and_resize", &copy_from_and_resize);
  library.impl("convolution_overrideable", &convolution);
  library.impl("convolution_backward_overrideable", &convolution_backward);
  library.impl("as_strided", at::native::as_strided_tensorimpl);
  library.impl("view", at::native::view);
  library.impl("_reshape_alias", at::native::_reshape_alias);
  library.impl("unfold", at::native::unfold);
  library.impl("resize_", at::native::resize_);
}

// There is one such device, and what is asked of it is done at once.
struct Guard final : c10::impl::NoOpDeviceGuardImpl<kType> {
  c10::Device getDevice() const override { return {kType, 0}; }
  c10::Device exchangeDevice(c10::Device) const override { return getDevice(); }
  c10::Stream getStream(c10::Device) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, {kType, 0}); }
  c10::Stream exchangeStream(c10::Stream stream) const noexcept override { return stream; }
  void record(void**, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

}  // namespace

MakeStepGraph host_step_graphs() {
  return [] { return std::make_unique<HostStepGraph>(); };
}

at::Device host_device() {
  static const bool registered = [] {
    c10::register_privateuse1_backend("host");
    c10::SetAllocator(kType, &allocator());
    at::RegisterPrivateUse1HooksInterface(new Hooks);  // LibTorch keeps it to the end
    return true;
  }();
  (void)registered;
  return {kType, 0};
}

}  // namespace hasten
