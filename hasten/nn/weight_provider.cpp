// Exchanging weights.
#include "hasten/nn/weight_provider.h"

#include <c10/core/GradMode.h>

namespace hasten {

void exchange_values(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  c10::NoGradGuard no_grad;
  for (size_t i = 0; i < a.size(); ++i) {
    at::Tensor kept = a[i].detach().clone();
    a[i].copy_(b[i]);
    b[i].copy_(kept);
  }
}

}  // namespace hasten
