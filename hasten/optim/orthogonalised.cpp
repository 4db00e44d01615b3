// Where the processor has tile registers a thread takes a matrix after another, all in its caches; elsewhere matrices of one shape
// go together through LibTorch's products: one of many small matrices takes little longer than one of a single one.
#include "hasten/optim/orthogonalised.h"

#include <ATen/Parallel.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/stack.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <numeric>
#include <utility>

#include "hasten/kernels/orthogonal.h"
#include "hasten/kernels/tiles.h"
#include "hasten/kernels/use.h"

namespace hasten {
namespace {

using Sides = std::pair<int64_t, int64_t>;

Sides sides_of(const at::Tensor& matrix) { return {matrix.size(0), matrix.numel() / matrix.size(0)}; }

// Rows one behind the other. How the numbers of a row are ordered does not matter: it is the same before and after.
bool lies_by_rows(const at::Tensor& matrix) {
  return matrix.is_non_overlapping_and_dense() && matrix.stride(0) * matrix.size(0) == matrix.numel();
}

bool suits_kernel(const at::Tensor& matrix) {
  constexpr int64_t kLongest = 1024;  // of the shorter side: its squares lie in the second cache
  const auto [rows, columns] = sides_of(matrix);
  return matrix.is_cpu() && matrix.scalar_type() == at::kFloat && std::min(rows, columns) <= kLongest &&
         lies_by_rows(matrix);
}

// A thread takes the largest that nobody took.
std::vector<at::Tensor> by_kernel(const std::vector<at::Tensor>& matrices, const std::vector<double>& scales,
                                  int64_t iterations) {
  const std::array<c10::IValue, 2> inputs{matrices, iterations};
  RECORD_FUNCTION("hasten::orthogonalised", c10::ArrayRef<const c10::IValue>(inputs.data(), inputs.size()));
  std::vector<at::Tensor> results;
  for (const at::Tensor& matrix : matrices) results.push_back(at::empty_like(matrix));
  std::vector<size_t> order(matrices.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return matrices[a].numel() > matrices[b].numel(); });
  std::vector<const float*> from;
  std::vector<float*> to;
  for (size_t i = 0; i < matrices.size(); ++i) {
    from.push_back(matrices[i].const_data_ptr<float>());
    to.push_back(results[i].mutable_data_ptr<float>());
  }
  std::atomic<size_t> next{0};
  const auto hands = std::min<int64_t>(at::get_num_threads(), static_cast<int64_t>(matrices.size()));
  at::parallel_for(0, hands, 1, [&](int64_t, int64_t) {
    for (size_t taken = next++; taken < order.size(); taken = next++) {
      const size_t i = order[taken];
      const auto [rows, columns] = sides_of(matrices[i]);
      kernels::Orthogonal{rows, columns, iterations, static_cast<float>(scales[i])}.apply(from[i], to[i]);
    }
  });
  return results;
}

// A matrix [rows, columns], or each of [k, rows, columns].
at::Tensor by_products(const at::Tensor& matrix, int64_t iterations) {
  constexpr double kA = kernels::kQuintic[0], kB = kernels::kQuintic[1], kC = kernels::kQuintic[2];
  const bool stack = matrix.dim() == 3, tall = matrix.size(-2) > matrix.size(-1);
  const at::Tensor norm = stack ? matrix.flatten(1).norm(2, {1}).view({-1, 1, 1}) : matrix.norm();
  // Normalised in fp32: a norm in bf16 is too coarse for large matrices.
  at::Tensor x = (tall ? matrix.transpose(-2, -1) : matrix).div(norm.add(1e-7)).to(at::kBFloat16);
  for (int64_t i = 0; i < iterations; ++i) {
    const at::Tensor a = at::matmul(x, x.transpose(-2, -1));
    // kB a + kC a a, then kA x + b x.
    const at::Tensor b = stack ? at::baddbmm(a, a, a, kB, kC) : at::addmm(a, a, a, kB, kC);
    x = stack ? at::baddbmm(x, b, x, kA, 1) : at::addmm(x, b, x, kA, 1);
  }
  return (tall ? x.transpose(-2, -1) : x).to(matrix.scalar_type());
}

// Matrices of one shape together.
std::vector<at::Tensor> by_products(const std::vector<at::Tensor>& matrices, const std::vector<double>& scales,
                                    int64_t iterations) {
  std::map<Sides, std::vector<size_t>> shapes;
  for (size_t i = 0; i < matrices.size(); ++i) shapes[sides_of(matrices[i])].push_back(i);
  std::vector<at::Tensor> results(matrices.size());
  for (const auto& [sides, members] : shapes) {
    std::vector<at::Tensor> alike;
    for (const size_t i : members) alike.push_back(matrices[i].reshape({sides.first, sides.second}));
    const at::Tensor together = members.size() == 1 ? by_products(alike[0], iterations).unsqueeze(0)
                                                    : by_products(at::stack(alike), iterations);
    for (size_t k = 0; k < members.size(); ++k) {
      const at::Tensor& matrix = matrices[members[k]];
      const double scale = scales[members[k]];
      const at::Tensor result = together[static_cast<int64_t>(k)].reshape(matrix.sizes());
      results[members[k]] = scale == 1 ? result : result.mul(scale);
    }
  }
  return results;
}

}  // namespace

std::vector<at::Tensor> orthogonalised(const std::vector<at::Tensor>& matrices, const std::vector<double>& scales,
                                       int64_t iterations) {
  // A few large ones are left to LibTorch, which has all threads work at each.
  constexpr int64_t kSmall = 1 << 19;
  const bool enough =
      static_cast<int>(matrices.size()) >= at::get_num_threads() ||
      std::all_of(matrices.begin(), matrices.end(), [](const at::Tensor& matrix) { return matrix.numel() <= kSmall; });
  const bool suited = enough && uses_fused_kernels() && kernels::tiles::available() &&
                      std::all_of(matrices.begin(), matrices.end(), suits_kernel);
  return suited ? by_kernel(matrices, scales, iterations) : by_products(matrices, scales, iterations);
}

}  // namespace hasten
