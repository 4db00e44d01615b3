// Device work by name, and copies with their bandwidth.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hasten/trace/summary.h"
#include "hasten/trace/view.h"

namespace hasten::trace {

struct KernelRow {
  std::string name;
  KernelType type = KernelType::kOther;
  size_t count = 0;      // 0 for HTA's "others", which counts kernels by name only
  int64_t sum = 0, max = 0, min = 0;
  double mean = 0, std = 0;
};
// Every name, by time spent; with `types` of HTA.
std::vector<KernelRow> kernels_by_name(const View& view);
// HTA's table: per type the names up to the duration_ratio quantile of the running sum, at most num_kernels of them; the
// rest is "others", whose statistics are those of the names' sums.
std::vector<KernelRow> kernels_like_hta(const View& view, double duration_ratio = 0.8, size_t num_kernels = 10);

struct CopyRow {
  std::string name;  // "Memcpy HtoD", "Memset"
  size_t count = 0;
  int64_t bytes = 0, ticks = 0;
  Summary gb_per_s;  // HTA: of the sum over all copies that run at that moment
};
std::vector<CopyRow> copies(const View& view);

}  // namespace hasten::trace
