// Start values of parameters.
#include "hasten/nn/init.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "hasten/base/rng.h"

namespace hasten {
namespace {

// Rows (or columns, if there are fewer) are orthonormal (Saxe, McClelland, Ganguli 2014).
at::Tensor orthogonal(const at::Tensor& normal, double gain) {
  int64_t rows = normal.size(0), columns = normal.numel() / rows;
  at::Tensor flat = normal.reshape({rows, columns});
  at::Tensor tall = rows < columns ? flat.t() : flat;
  auto [q, r] = at::linalg_qr(tall);
  q = q.mul(r.diagonal().sign());  // makes the draw uniform over orthogonal matrices
  return (rows < columns ? q.t() : q).reshape(normal.sizes()).contiguous().mul(gain);
}

// The first min(out, in) filters copy one input channel each, at the centre (Zagoruyko and Komodakis 2017).
void write_identity(at::Tensor& filters) {
  int64_t kept = std::min(filters.size(0), filters.size(1));
  for (int64_t i = 0; i < kept; ++i) {
    at::Tensor filter = filters[i];
    filter.zero_();
    filter = filter[i];
    for (int64_t size : filters.sizes().slice(2)) filter = filter[size / 2];
    filter.fill_(1);
  }
}

}  // namespace

at::Tensor initial_value(const ParameterPlan& plan, std::string_view full_name, uint64_t seed) {
  c10::NoGradGuard no_grad;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(mix(seed, operation(full_name)));
  at::Tensor value = at::empty(plan.shape, at::kFloat);
  const double fan = std::sqrt(static_cast<double>(std::max<int64_t>(plan.fan_in, 1)));
  auto uniform = [&](double gain) { value.uniform_(-gain / fan, gain / fan, generator); };
  switch (plan.init.kind) {
    case InitKind::kZeros: value.zero_(); break;
    case InitKind::kOnes: value.fill_(1); break;
    case InitKind::kConstant: value.fill_(plan.init.value); break;
    case InitKind::kUniformFanIn: uniform(plan.init.value); break;
    case InitKind::kNormal: value.normal_(0, plan.init.value, generator); break;
    case InitKind::kNormalFanIn: value.normal_(0, plan.init.value / fan, generator); break;
    case InitKind::kOrthogonal: value = orthogonal(value.normal_(0, 1, generator), plan.init.value); break;
    case InitKind::kFromData: uniform(1); break;
    case InitKind::kDirac:
      uniform(1);
      write_identity(value);
      break;
  }
  return value;
}

}  // namespace hasten
