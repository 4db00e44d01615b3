// Data sets of text.
#pragma once

#include <span>

#include "hasten/data/dataset.h"

namespace hasten {

// A sample is `context` tokens of a text, with the tokens behind them as targets.
class TextSamples final : public SampleSource {
 public:
  TextSamples(TextPart part, int64_t context, WindowSampling sampling, bool held_out);

  int64_t size() const override { return held_out_ ? part_.covering(context_) : part_.whole(context_); }
  int64_t targets() const override { return held_out_ ? part_.tokens - 1 : size() * context_; }
  // Of all tokens, or of a thousand stretches of a long text.
  uint64_t content_hash() const override;
  // Side by side from the beginning. Held-out text is covered to its end: the last sample ends there, and what the one
  // before had as targets, it has not (label -100).
  Batch plain(const std::vector<int64_t>& ids, const ByteTable& table) override;
  // By the rule of `sampling`. The sample that goes from the end of the text to its beginning is read as one: attention
  // sees across it, as it does across the documents of a text.
  Batch training(const std::vector<int64_t>& ids, const Sampler& sampler, uint64_t seed,
                 const ByteTable& table) override;
  // The last ones, which do not overlap with what stays.
  Parts hold_out(int64_t count, uint64_t key) const override;

 private:
  Batch empty_batch(const std::vector<int64_t>& ids) const;
  // Tokens from this place of the part on. Throws DataError for one that the model has no row for.
  void read(int64_t position, std::span<int32_t> out) const;

  TextPart part_;
  int64_t context_;
  WindowSampling sampling_;
  bool held_out_;  // for evaluation
};

Splits load_text(const Recipe& recipe, const DatasetInfo& info);

}  // namespace hasten
