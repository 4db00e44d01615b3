// A batch of training or evaluation samples.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <vector>

namespace hasten {

// Tensors have the batch as their first dimension and live on the run's device. Which sample is which is always known:
// draws are keyed by sample id, so nothing depends on the batch or microbatch a sample falls into.
struct Batch {
  std::vector<int64_t> ids;  // sample ids within the data set, on the host
  at::Tensor inputs;  // float [n, channels, height, width] (channels last in memory), [n, features]; int64 [n, tokens]
  at::Tensor
      labels;  // int64 [n]: the true classes; of text [n, tokens]: what follows each, -100 where that is no target
  at::Tensor targets;  // float [n, classes] or [n, tokens, classes] when something made them soft, else undefined
  at::Tensor weights;  // float [n]: factor of each sample's loss, or undefined for 1
  int64_t epoch = 0, step = 0;

  int64_t size() const { return static_cast<int64_t>(ids.size()); }
  // Samples begin..begin+count-1; tensors are views.
  Batch slice(int64_t begin, int64_t count) const;
  // The samples at these places, in this order.
  Batch select(const std::vector<int64_t>& places) const;
  // The targets as probabilities, in the shape of `targets`: if nothing made them soft yet, rows
  // with 1 at the label, or with zeros alone where that is no target.
  at::Tensor soft_targets(int64_t classes) const;
  // The same batch on a device. To a GPU the copy is queued and nothing waits for it.
  Batch to(at::Device device) const;
};

// The images [n, channels, height, width] with channels last in memory, and with strides that say so even for one
// channel, where PyTorch takes either layout for the other and would choose the slower convolutions.
at::Tensor channels_last(const at::Tensor& images);

// How many images of so many values at::parallel_for should give a thread at least: less is not worth waking it.
int64_t images_per_thread(int64_t values);

}  // namespace hasten
