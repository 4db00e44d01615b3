// Costs by shape. Multiply-adds count 2; bytes are each operand read once and the result written once.
#include "hasten/trace/shapes.h"

#include <algorithm>

#include "hasten/base/json.h"

namespace hasten::trace {
namespace {

double elements(const std::vector<int64_t>& dims) {
  if (dims.empty()) return 0;
  double product = 1;
  for (int64_t dim : dims) product *= static_cast<double>(dim);
  return product;
}

using Shapes = std::vector<std::vector<int64_t>>;

// The product of a (.., m, k) and a (.., k, n) matrix.
std::optional<Cost> matrix_product(const std::vector<int64_t>& a, const std::vector<int64_t>& b, double width) {
  if (a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2]) return std::nullopt;
  double rows = elements(a) / static_cast<double>(std::max<int64_t>(a.back(), 1));
  auto k = static_cast<double>(a.back()), n = static_cast<double>(b.back());
  return Cost{2 * rows * k * n, width * (elements(a) + elements(b) + rows * n)};
}

// Input (N, C, spatial...), weight (out, C / groups, kernel...). The output's size is not recorded: same as the input's
// spatial size is taken, which stride 1 with padding gives.
std::optional<Cost> convolution(const std::vector<int64_t>& input, const std::vector<int64_t>& weight, double width) {
  if (input.size() < 3 || input.size() != weight.size() || input[1] == 0) return std::nullopt;
  double positions = elements(input) / static_cast<double>(input[1]);
  double per_position = elements(weight) * 2;
  double output = positions * static_cast<double>(weight[0]);
  return Cost{positions * per_position, width * (elements(input) + elements(weight) + output)};
}

double first_width(std::string_view types) {
  Json list = Json::parse(types, nullptr, false);
  if (!list.is_array() || list.empty() || !list[0].is_string()) return 0;
  return static_cast<double>(element_bytes(list[0].get<std::string>()));
}

bool elementwise(std::string_view name) {
  constexpr std::string_view kNames[] = {"aten::add",
                                         "aten::add_",
                                         "aten::mul",
                                         "aten::mul_",
                                         "aten::sub",
                                         "aten::sub_",
                                         "aten::div",
                                         "aten::div_",
                                         "aten::relu",
                                         "aten::relu_",
                                         "aten::gelu",
                                         "aten::silu",
                                         "aten::sigmoid",
                                         "aten::tanh",
                                         "aten::exp",
                                         "aten::sqrt",
                                         "aten::copy_",
                                         "aten::fill_",
                                         "aten::clamp_min",
                                         "aten::clamp_min_",
                                         "aten::threshold_backward",
                                         "aten::native_layer_norm",
                                         "aten::_softmax"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace

std::optional<Shapes> parse_dims(std::string_view text) {
  Json list = Json::parse(text, nullptr, false);
  if (!list.is_array()) return std::nullopt;
  Shapes shapes;
  for (const Json& dims : list) {
    std::vector<int64_t> shape;
    if (dims.is_array()) {
      for (const Json& dim : dims) {
        if (dim.is_number_integer()) shape.push_back(dim.get<int64_t>());
      }
    }
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

int64_t element_bytes(std::string_view type) {
  if (type == "double" || type == "long" || type == "long int" || type == "c10::complex<float>") return 8;
  if (type == "float" || type == "int") return 4;
  if (type == "c10::Half" || type == "c10::BFloat16" || type == "short") return 2;
  if (type == "bool" || type == "unsigned char" || type == "signed char" || type.starts_with("c10::Float8")) return 1;
  return 0;
}

std::optional<Cost> operator_cost(const Trace& trace, uint32_t row) {
  std::string_view dims = trace.text_arg(Arg::kInputDims, row);
  if (dims.empty()) return std::nullopt;
  std::string_view name = trace.name_of(row);
  bool product = name == "aten::mm" || name == "aten::bmm" || name == "aten::matmul";
  bool biased = name == "aten::addmm" || name == "aten::baddbmm";
  bool conv = name == "aten::convolution" || name == "aten::conv2d" || name == "aten::cudnn_convolution" ||
              name == "aten::_convolution";
  if (!product && !biased && !conv && !elementwise(name)) return std::nullopt;
  auto shapes = parse_dims(dims);
  double width = first_width(trace.text_arg(Arg::kInputTypes, row));
  if (!shapes || shapes->empty() || width == 0) return std::nullopt;
  if (product && shapes->size() >= 2) return matrix_product((*shapes)[0], (*shapes)[1], width);
  if (biased && shapes->size() >= 3) return matrix_product((*shapes)[1], (*shapes)[2], width);
  if (conv && shapes->size() >= 2) return convolution((*shapes)[0], (*shapes)[1], width);
  double largest = 0, sum = 0;
  for (const auto& shape : *shapes) {
    largest = std::max(largest, elements(shape));
    sum += elements(shape);
  }
  if (largest == 0) return std::nullopt;
  return Cost{largest, width * (sum + largest)};
}

}  // namespace hasten::trace
