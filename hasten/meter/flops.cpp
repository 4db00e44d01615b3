// Counting through LibTorch's operator callbacks.
#include "hasten/meter/flops.h"

#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hasten/base/error.h"

namespace hasten {
namespace {

using Inputs = c10::ArrayRef<const c10::IValue>;

double elements(const at::Tensor& tensor) { return static_cast<double>(tensor.numel()); }

// [..., n, k] times [..., k, m], as arguments `first` and the one after it.
template <size_t first>
double product(Inputs in) {
  return 2.0 * elements(in.at(first).toTensor()) * static_cast<double>(in.at(first + 1).toTensor().size(-1));
}
// [n, k] times [k]; two vectors.
template <size_t first>
double matrix_vector(Inputs in) {
  return 2.0 * elements(in.at(first).toTensor());
}
// [n] times [1, m], as in the gradient of a matrix that met a vector.
template <size_t first>
double outer(Inputs in) {
  return 2.0 * elements(in.at(first).toTensor()) * elements(in.at(first + 1).toTensor());
}
// x [..., k], weight [m, k].
double linear(Inputs in) {
  return 2.0 * elements(in.at(0).toTensor()) * static_cast<double>(in.at(1).toTensor().size(0));
}

// Multiply-adds of one convolution between a small side (its output; the input if transposed) and the weight
// [filters, channels / groups, ...]: each value of that side meets one filter. Padding counts as data.
double convolution_of(double small_side, const at::Tensor& weight) {
  return 2.0 * small_side * elements(weight) / static_cast<double>(weight.size(0));
}

// input, weight, bias, stride, padding, dilation, transposed, output_padding, groups
double convolution(Inputs in) {
  const at::Tensor &input = in.at(0).toTensor(), &weight = in.at(1).toTensor();
  if (in.at(6).toBool()) return convolution_of(elements(input), weight);
  const c10::List<int64_t> stride = in.at(3).toIntList(), padding = in.at(4).toIntList(),
                           dilation = in.at(5).toIntList();
  auto value = [](const c10::List<int64_t>& list, int64_t i) {
    return list.get(list.size() == 1 ? 0 : static_cast<size_t>(i));
  };
  auto outputs = static_cast<double>(input.size(0) * weight.size(0));
  for (int64_t i = 0; i < weight.dim() - 2; ++i) {
    const int64_t reach = value(dilation, i) * (weight.size(i + 2) - 1) + 1;
    const int64_t size = (input.size(i + 2) + 2 * value(padding, i) - reach) / value(stride, i) + 1;
    outputs *= static_cast<double>(size);
  }
  return convolution_of(outputs, weight);
}

// grad_output, input, weight, bias_sizes, stride, padding, dilation, transposed, output_padding, groups, output_mask
double convolution_backward(Inputs in) {
  const at::Tensor& small = in.at(in.at(7).toBool() ? 1 : 0).toTensor();
  const c10::List<bool> wanted = in.at(10).toBoolList();
  return convolution_of(elements(small), in.at(2).toTensor()) * ((wanted.get(0) ? 1 : 0) + (wanted.get(1) ? 1 : 0));
}

// Scores and values: query [b, h, t, e], key [b, *, s, e], value [b, *, s, v], from argument `first` on. A causal mask
// saves the kernel work that is counted here all the same, as everybody else does.
double attention_of(Inputs in, size_t first, double with_keys, double with_values) {
  const at::Tensor &query = in.at(first).toTensor(), &key = in.at(first + 1).toTensor(),
                   &value = in.at(first + 2).toTensor();
  const double pairs =
      static_cast<double>(query.numel() / std::max<int64_t>(query.size(-1), 1)) * static_cast<double>(key.size(-2));
  return 2.0 * pairs *
         (with_keys * static_cast<double>(query.size(-1)) + with_values * static_cast<double>(value.size(-1)));
}
double attention(Inputs in) { return attention_of(in, 0, 1, 1); }
// The scores are computed anew; then gradients of query and key, of scores and value.
double attention_backward(Inputs in) { return attention_of(in, 1, 3, 2); }

// One layer and direction: input [t, b, i], weights [g h, i] and [g h, h].
double recurrent(Inputs in) {
  const at::Tensor& input = in.at(0).toTensor();
  const auto steps = static_cast<double>(input.size(0) * input.size(1));
  return 2.0 * steps * (elements(in.at(1).toTensor()) + elements(in.at(2).toTensor()));
}
double recurrent_backward(Inputs in) { return 2.0 * recurrent(in); }

// Products as LibTorch's operators would make them: what is saved since squares are symmetric is not taken off.
double orthogonalised(Inputs in) {
  double flops = 0;
  for (const at::Tensor& matrix : in.at(0).toTensorVector()) {
    const auto rows = static_cast<double>(matrix.size(0)), columns = elements(matrix) / rows;
    const double shorter = std::min(rows, columns);
    flops += 2 * shorter * shorter * (2 * std::max(rows, columns) + shorter);
  }
  return flops * static_cast<double>(in.at(1).toInt());
}
// Gradient of what comes out, weight.
double convolution_filters(Inputs in) { return convolution_of(elements(in.at(0).toTensor()), in.at(1).toTensor()); }

struct Operator {
  std::string_view name;
  double (*flops)(Inputs);
};
// In-place forms have the same names with an underscore. What these call in turn is not counted again.
constexpr auto kOperators = std::to_array<Operator>({
    {"aten::mm", product<0>},
    {"aten::bmm", product<0>},
    {"aten::_int_mm", product<0>},
    {"aten::_scaled_mm", product<0>},
    {"aten::addmm", product<1>},
    {"aten::_addmm_activation", product<1>},
    {"aten::addbmm", product<1>},
    {"aten::baddbmm", product<1>},
    {"aten::mv", matrix_vector<0>},
    {"aten::dot", matrix_vector<0>},
    {"aten::vdot", matrix_vector<0>},
    {"aten::addmv", matrix_vector<1>},
    {"aten::ger", outer<0>},
    {"aten::outer", outer<0>},
    {"aten::addr", outer<1>},
    {"aten::linear", linear},
    {"aten::mkldnn_linear", linear},
    {"aten::convolution", convolution},
    {"aten::convolution_backward", convolution_backward},
    {"aten::_scaled_dot_product_flash_attention_for_cpu", attention},
    {"aten::_scaled_dot_product_flash_attention_for_cpu_backward", attention_backward},
    {"aten::_scaled_dot_product_flash_attention", attention},
    {"aten::_scaled_dot_product_flash_attention_backward", attention_backward},
    {"aten::_scaled_dot_product_efficient_attention", attention},
    {"aten::_scaled_dot_product_efficient_attention_backward", attention_backward},
    {"aten::_scaled_dot_product_cudnn_attention", attention},
    {"aten::_scaled_dot_product_cudnn_attention_backward", attention_backward},
    {"hasten::attention", attention},
    {"hasten::attention_backward", attention_backward},
    {"hasten::convolution_filters", convolution_filters},
    {"hasten::orthogonalised", orthogonalised},
    {"aten::mkldnn_rnn_layer", recurrent},
    {"aten::mkldnn_rnn_layer_backward", recurrent_backward},
});

const Operator* find_operator(std::string_view name) {
  static const auto table = [] {
    std::unordered_map<std::string_view, const Operator*> map;
    for (const Operator& op : kOperators) map.emplace(op.name, &op);
    return map;
  }();
  auto found = table.find(name);
  if (found == table.end() && name.ends_with('_')) found = table.find(name.substr(0, name.size() - 1));
  return found == table.end() ? nullptr : found->second;
}

}  // namespace

std::optional<double> flops_of(const at::RecordFunction& function) {
  const Operator* op = find_operator(function.name());
  if (op == nullptr) return std::nullopt;
  try {
    return op->flops(function.inputs());
  } catch (...) {
    return std::nullopt;
  }
}

struct FlopCounter::Impl {
  std::array<double, kOperators.size()> flops{};
  const char* unreadable = nullptr;  // an operator whose arguments are not what its formula expects

  // All counters that live. The callback is one function for the process, so they share it.
  struct Shared {
    std::mutex mutex;
    std::vector<Impl*> counters;
    at::CallbackHandle callback = 0;
  };
  static Shared& shared() {
    static Shared value;
    return value;
  }

  // Lives while an operator of the table runs on this thread; operators below it find the mark and stay uncounted.
  struct Running : at::ObserverContext {
    static bool& mark() {
      static thread_local bool value = false;
      return value;
    }
    Running() { mark() = true; }
    ~Running() override { mark() = false; }
  };

  // LibTorch reports what a callback throws for every operator, so nothing leaves it.
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) noexcept {
    const Operator* op = Running::mark() ? nullptr : find_operator(function.name());
    if (op == nullptr) return nullptr;
    double flops = -1;
    try {
      flops = op->flops(function.inputs());
    } catch (...) {  // reported by total()
    }
    std::lock_guard<std::mutex> lock(shared().mutex);
    for (Impl* counter : shared().counters) {
      if (flops < 0) counter->unreadable = op->name.data();
      else counter->flops[static_cast<size_t>(op - kOperators.data())] += flops;
    }
    return std::make_unique<Running>();
  }
};

FlopCounter::FlopCounter() : impl_(new Impl) {
  Impl::Shared& shared = Impl::shared();
  std::lock_guard<std::mutex> lock(shared.mutex);
  shared.counters.push_back(impl_);
  if (shared.counters.size() > 1) return;
  shared.callback = at::addGlobalCallback(
      at::RecordFunctionCallback(&Impl::begin).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
}

FlopCounter::~FlopCounter() {
  Impl::Shared& shared = Impl::shared();
  {
    std::lock_guard<std::mutex> lock(shared.mutex);
    std::erase(shared.counters, impl_);
    if (shared.counters.empty()) at::removeCallback(shared.callback);
  }
  delete impl_;
}

double FlopCounter::total() const {
  double sum = 0;
  for (const auto& [name, flops] : by_operator()) sum += flops;
  return sum;
}

std::map<std::string, double> FlopCounter::by_operator() const {
  std::lock_guard<std::mutex> lock(Impl::shared().mutex);
  HASTEN_CHECK(impl_->unreadable == nullptr,
               std::string("the arguments of ") + impl_->unreadable + " are not as expected");
  std::map<std::string, double> out;
  for (size_t i = 0; i < kOperators.size(); ++i) {
    if (impl_->flops[i] > 0) out[std::string(kOperators[i].name)] = impl_->flops[i];
  }
  return out;
}

}  // namespace hasten
