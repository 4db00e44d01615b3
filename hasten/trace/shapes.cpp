// Costs by shape. Multiply-adds count 2; bytes are each operand read once and the result written once.
#include "hasten/trace/shapes.h"

#include <algorithm>
#include <iterator>
#include <string>

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
std::optional<OperatorCost> matrix_product(const std::vector<int64_t>& a, const std::vector<int64_t>& b, double width) {
  if (a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2]) return std::nullopt;
  double rows = elements(a) / static_cast<double>(std::max<int64_t>(a.back(), 1));
  auto k = static_cast<double>(a.back()), n = static_cast<double>(b.back());
  return OperatorCost{2 * rows * k * n, width * (elements(a) + elements(b) + rows * n)};
}

// Input (N, C, spatial...), weight (out, C / groups, kernel...). The output's size is not recorded: same as the input's
// spatial size is taken, which stride 1 with padding gives.
std::optional<OperatorCost> convolution(const std::vector<int64_t>& input, const std::vector<int64_t>& weight,
                                        double width) {
  if (input.size() < 3 || input.size() != weight.size() || input[1] == 0) return std::nullopt;
  double positions = elements(input) / static_cast<double>(input[1]);
  double per_position = elements(weight) * 2;
  double output = positions * static_cast<double>(weight[0]);
  return OperatorCost{positions * per_position, width * (elements(input) + elements(weight) + output)};
}

std::string first_type(std::string_view types) {
  Json list = Json::parse(types, nullptr, false);
  return list.is_array() && !list.empty() && list[0].is_string() ? list[0].get<std::string>() : std::string();
}

Precision precision_of(std::string_view type) {
  if (type == "c10::Half" || type == "c10::BFloat16") return Precision::kHalf;
  return type == "float" ? Precision::kSingle : type == "double" ? Precision::kDouble : Precision::kOther;
}

struct ElementWidth {
  int64_t bytes;
  std::string_view names[20];  // in lower case, without "c10::"
};
constexpr ElementWidth kElementWidths[] = {
    {1, {"byte", "char", "bool", "unsigned char", "signed char", "uint8", "int8", "qint8", "quint8", "fp8"}},
    {2, {"short", "half", "bfloat16", "uint16", "int16", "float16", "fp16", "bf16", "short int", "unsigned short"}},
    {4,
     {"int", "float", "complexhalf", "complex<half>", "complex<c10::half>", "uint32", "int32", "float32", "fp32",
      "qint32", "unsigned int"}},
    {8,
     {"long", "double", "complexfloat", "complex<float>", "uint64", "int64", "float64", "fp64", "long int", "long long",
      "unsigned long"}},
    {16, {"complexdouble", "complex<double>"}}};

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

enum class CostedKind { kProduct, kBiasedProduct, kConvolution, kElementwise };

std::optional<CostedKind> costed_kind(std::string_view name) {
  if (name == "aten::mm" || name == "aten::bmm" || name == "aten::matmul") return CostedKind::kProduct;
  if (name == "aten::addmm" || name == "aten::baddbmm") return CostedKind::kBiasedProduct;
  if (name == "aten::convolution" || name == "aten::conv2d" || name == "aten::cudnn_convolution" ||
      name == "aten::_convolution")
    return CostedKind::kConvolution;
  if (elementwise(name)) return CostedKind::kElementwise;
  return std::nullopt;
}

std::optional<OperatorCost> cost_of_shapes(CostedKind kind, const Shapes& shapes, double width) {
  size_t count = shapes.size();
  if (kind == CostedKind::kProduct && count >= 2) return matrix_product(shapes[0], shapes[1], width);
  if (kind == CostedKind::kBiasedProduct && count >= 3) return matrix_product(shapes[1], shapes[2], width);
  if (kind == CostedKind::kConvolution && count >= 2) return convolution(shapes[0], shapes[1], width);
  double largest = 0, sum = 0;
  for (const auto& shape : shapes) {
    largest = std::max(largest, elements(shape));
    sum += elements(shape);
  }
  if (largest == 0) return std::nullopt;
  return OperatorCost{largest, width * (sum + largest)};
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
  constexpr std::string_view kSpace = "c10::";
  if (type.starts_with(kSpace)) type.remove_prefix(kSpace.size());
  if (type.empty()) return 0;
  std::string name(type);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (name.starts_with("float8_")) return 1;
  for (const ElementWidth& width : kElementWidths) {
    if (std::find(std::begin(width.names), std::end(width.names), name) != std::end(width.names)) return width.bytes;
  }
  return 0;
}

std::optional<OperatorCost> operator_cost(const Trace& trace, uint32_t row) {
  std::string_view dims = trace.text_arg(Arg::kInputDims, row);
  if (dims.empty()) return std::nullopt;
  auto kind = costed_kind(trace.name_of(row));
  if (!kind) return std::nullopt;
  auto shapes = parse_dims(dims);
  std::string type = first_type(trace.text_arg(Arg::kInputTypes, row));
  auto width = static_cast<double>(element_bytes(type));
  if (!shapes || shapes->empty() || width == 0) return std::nullopt;
  auto cost = cost_of_shapes(*kind, *shapes, width);
  if (cost) cost->precision = precision_of(type);
  return cost;
}

}  // namespace hasten::trace
