// Batches of text.
#include "hasten/data/text.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <span>

#include "hasten/base/error.h"
#include "hasten/base/hash.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

constexpr int64_t kNoTarget = -100;  // what cross-entropy ignores
constexpr int64_t kHashedStretch = 1 << 16;
constexpr int64_t kHashedStretches = 1024;

void widen(std::span<const int32_t> tokens, int64_t* out) { std::copy(tokens.begin(), tokens.end(), out); }

}  // namespace

TextSamples::TextSamples(TextPart part, int64_t context, WindowSampling sampling, bool held_out)
    : part_(std::move(part)), context_(context), sampling_(sampling), held_out_(held_out) {
  HASTEN_CHECK(part_.tokens > context_, "text of at least one sample");
}

uint64_t TextSamples::content_hash() const {
  uint64_t hash = mix(static_cast<uint64_t>(part_.tokens), static_cast<uint64_t>(context_));
  const int64_t stretches = (part_.tokens + kHashedStretch - 1) / kHashedStretch;
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < std::min(stretches, kHashedStretches); ++i) {
    const int64_t stretch = stretches <= kHashedStretches ? i : i * stretches / kHashedStretches;
    const int64_t begin = stretch * kHashedStretch;
    tokens.resize(static_cast<size_t>(std::min(kHashedStretch, part_.tokens - begin)));
    part_.stream->read(part_.begin + begin, tokens);
    hash = hash64({reinterpret_cast<const char*>(tokens.data()), tokens.size() * sizeof(int32_t)}, hash);
  }
  return hash;
}

Batch TextSamples::empty_batch(const std::vector<int64_t>& ids) const {
  HASTEN_CHECK(std::all_of(ids.begin(), ids.end(), [&](int64_t id) { return id >= 0 && id < size(); }),
               "a sample id outside of the data");
  Batch batch;
  batch.ids = ids;
  batch.inputs = at::empty({static_cast<int64_t>(ids.size()), context_}, at::kLong);
  batch.labels = at::empty(batch.inputs.sizes(), at::kLong);
  return batch;
}

void TextSamples::read(int64_t position, std::span<int32_t> out) const {
  part_.stream->read(part_.begin + position, out);
  const int64_t known = part_.stream->vocabulary_size();
  const auto bad = std::find_if(out.begin(), out.end(), [&](int32_t token) { return token < 0 || token >= known; });
  if (bad == out.end()) return;
  throw DataError(part_.stream->files().front().string(), cat("token ", part_.begin + position + (bad - out.begin())),
                  cat("expected a token below ", known, ", got ", *bad),
                  "data.vocabulary_size says how many there are");
}

Batch TextSamples::plain(const std::vector<int64_t>& ids, const ByteTable&) {
  Batch batch = empty_batch(ids);
  std::vector<int32_t> tokens(static_cast<size_t>(context_ + 1));
  int64_t *input = batch.inputs.mutable_data_ptr<int64_t>(), *label = batch.labels.mutable_data_ptr<int64_t>();
  for (const int64_t id : ids) {
    const int64_t begin = std::min(id * context_, part_.tokens - 1 - context_);
    read(begin, tokens);
    widen(std::span(tokens).first(static_cast<size_t>(context_)), input);
    widen(std::span(tokens).subspan(1), label);
    std::fill_n(label, id * context_ - begin, kNoTarget);
    input += context_;
    label += context_;
  }
  return batch;
}

Batch TextSamples::training(const std::vector<int64_t>& ids, const Sampler& sampler, uint64_t seed, const ByteTable&) {
  Batch batch = empty_batch(ids);
  const TokenWindows windows(part_.tokens, context_, seed, sampling_);
  std::vector<int32_t> tokens(static_cast<size_t>(context_ + 1));
  int64_t *input = batch.inputs.mutable_data_ptr<int64_t>(), *label = batch.labels.mutable_data_ptr<int64_t>();
  for (const int64_t id : ids) {
    const TokenWindow window = windows.window(static_cast<uint64_t>(sampler.epoch()), id);
    for (const WindowPiece& piece : {window.first, window.second}) {
      if (piece.count == 0) continue;
      const auto count = static_cast<size_t>(piece.count);
      read(piece.position, std::span(tokens).first(count + 1));
      widen(std::span(tokens).first(count), input);
      widen(std::span(tokens).subspan(1, count), label);
      input += piece.count;
      label += piece.count;
    }
  }
  return batch;
}

SampleSource::Parts TextSamples::hold_out(int64_t count, uint64_t) const {
  const int64_t kept = part_.tokens - count * context_;
  TextPart rest{part_.stream, part_.begin, kept};
  // The last token that is kept is the first input of what is held out, and a target of none there.
  TextPart end{part_.stream, part_.begin + kept - 1, count * context_ + 1};
  return {std::make_shared<TextSamples>(rest, context_, sampling_, false),
          std::make_shared<TextSamples>(end, context_, sampling_, true)};
}

Splits load_text(const Recipe& recipe, const DatasetInfo& info) {
  const TextWindows windows = text_windows(recipe.dataset_params);
  const auto part = [&](Split split) -> Dataset {
    const bool test = split == Split::kTest;
    auto samples = std::make_shared<TextSamples>(open_text(*recipe.dataset, recipe.dataset_params, test, info.classes),
                                                 windows.context, windows.sampling, test);
    return {info.name, split, std::move(samples), info.classes};
  };
  Splits splits{part(Split::kTrain), {}};
  if (recipe.metric.split == Split::kTest) splits.held_out.push_back(part(Split::kTest));
  return splits;
}

}  // namespace hasten
