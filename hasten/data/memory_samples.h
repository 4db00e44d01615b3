// Samples that are all in memory.
#pragma once

#include <ATen/core/Tensor.h>

#include "hasten/data/sample_source.h"

namespace hasten {

class MemorySamples final : public SampleSource {
 public:
  // samples: uint8 [n, channels, height, width] or float [n, features]; labels: int64 [n] in 0..classes-1.
  MemorySamples(at::Tensor samples, at::Tensor labels, int64_t classes);

  const at::Tensor& samples() const { return samples_; }
  const at::Tensor& labels() const { return labels_; }

  int64_t size() const override { return labels_.size(0); }
  uint64_t content_hash() const override;
  Batch plain(const std::vector<int64_t>& ids, const ByteTable& table) override;
  Parts hold_out(int64_t count, uint64_t key) const override;
  int64_t channels() const override { return samples_.dim() == 4 ? samples_.size(1) : 0; }
  std::vector<uint64_t> byte_counts() override;

 private:
  std::shared_ptr<SampleSource> subset(const std::vector<int64_t>& ids) const;

  at::Tensor samples_, labels_;
  int64_t classes_;
};

}  // namespace hasten
