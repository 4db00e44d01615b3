// The loss of each sample.
#pragma once

#include <ATen/core/Tensor.h>

namespace hasten {

// Cross-entropy of each sample, [n] in fp32; logits [n, classes] in any format. Against `targets`, probabilities
// [n, classes], if they are defined, else against the classes `labels`, int64 [n]. Of sequences, logits [n, tokens, classes]
// and labels [n, tokens], it is the mean over all positions, where a label of -100 counts as 0.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& targets);

}  // namespace hasten
