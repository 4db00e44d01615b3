// Matrices with their singular values made equal.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace hasten {

// For each matrix, or filter [rows, ...] taken as one with a row for each output, the nearest semi-orthogonal one times its
// scale, approximately: `iterations` quintic Newton-Schulz steps in bf16 (Jordan et al. 2024), which leave singular values in
// about [0.7, 1.2]. Results have the sizes and the format of numbers of the matrices.
std::vector<at::Tensor> orthogonalised(const std::vector<at::Tensor>& matrices, const std::vector<double>& scales,
                                       int64_t iterations);

}  // namespace hasten
