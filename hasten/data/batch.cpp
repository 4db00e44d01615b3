// Views and targets of a batch.
#include "hasten/data/batch.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "hasten/base/error.h"

namespace hasten {

Batch Batch::slice(int64_t begin, int64_t count) const {
  HASTEN_CHECK(begin >= 0 && count >= 0 && begin + count <= size(), "slice outside of the batch");
  auto part = [&](const at::Tensor& tensor) {
    return tensor.defined() ? tensor.narrow(0, begin, count) : at::Tensor();
  };
  return {{ids.begin() + begin, ids.begin() + begin + count},
          part(inputs),
          part(labels),
          part(targets),
          part(weights),
          epoch,
          step};
}

Batch Batch::select(const std::vector<int64_t>& places) const {
  at::Tensor index = at::tensor(places, labels.options().dtype(at::kLong));
  auto part = [&](const at::Tensor& tensor) { return tensor.defined() ? tensor.index_select(0, index) : at::Tensor(); };
  Batch chosen{{}, part(inputs), part(labels), part(targets), part(weights), epoch, step};
  for (int64_t place : places) chosen.ids.push_back(ids.at(static_cast<size_t>(place)));
  if (chosen.inputs.dim() == 4) chosen.inputs = channels_last(chosen.inputs);
  return chosen;
}

at::Tensor Batch::soft_targets(int64_t classes) const {
  if (targets.defined()) return targets;
  std::vector<int64_t> shape = labels.sizes().vec();
  shape.push_back(classes);
  const at::Tensor is_target = labels.ge(0).to(at::kFloat).unsqueeze(-1);
  return at::zeros(shape, is_target.options()).scatter_(-1, labels.clamp_min(0).unsqueeze(-1), is_target);
}

Batch Batch::to(at::Device device) const {
  const auto moved = [&](const at::Tensor& tensor) {
    if (!tensor.defined() || tensor.device() == device) return tensor;
    // Only from pinned memory does a copy run beside the host; the allocator keeps it until the copy is done.
    const bool queued = device.is_cuda() && tensor.device().is_cpu();
    return (queued ? tensor.pin_memory() : tensor).to(tensor.options().device(device), queued);
  };
  return {ids, moved(inputs), moved(labels), moved(targets), moved(weights), epoch, step};
}

at::Tensor channels_last(const at::Tensor& images) {
  HASTEN_CHECK(images.dim() == 4, "channels_last of a tensor that is no batch of images");
  if (images.suggest_memory_format() == at::MemoryFormat::ChannelsLast &&
      images.is_contiguous(at::MemoryFormat::ChannelsLast))
    return images;
  // With one channel both layouts are the same bytes; only the strides say which kernels are meant.
  at::Tensor packed = images.contiguous(at::MemoryFormat::ChannelsLast);
  const int64_t channels = images.size(1), height = images.size(2), width = images.size(3);
  return packed.as_strided(images.sizes(), {height * width * channels, 1, width * channels, channels});
}

int64_t images_per_thread(int64_t values) {
  constexpr int64_t kValuesPerThread = 32768;  // LibTorch's own grain for work on elements
  return std::max<int64_t>(1, kValuesPerThread / std::max<int64_t>(1, values));
}

}  // namespace hasten
