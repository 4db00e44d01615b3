// Which stretches of a long text an epoch trains on.
#include "hasten/loader/text/token_windows.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"

namespace hasten {

TokenWindows::TokenWindows(int64_t tokens, int64_t length, uint64_t seed, WindowSampling sampling)
    : pairs_(tokens - 1), length_(length), count_(0), seed_(seed), sampling_(sampling) {
  if (length < 1) throw ConfigError("data.length", "at least 1 token", std::to_string(length));
  if (tokens <= length)
    throw ConfigError("data.length", cat("windows that fit into ", tokens, " tokens with the next one as a target"),
                      std::to_string(length), "shorter windows, or more text");
  count_ = pairs_ / length_;
}

TokenWindow TokenWindows::window(uint64_t epoch, int64_t position) const {
  HASTEN_CHECK(position >= 0 && position < count_, "a window of the epoch");
  if (sampling_ == WindowSampling::kRandomOffset) {
    RandomStream random(seed_, operation("text.offset"), epoch, static_cast<uint64_t>(position));
    const auto places = static_cast<uint64_t>(pairs_ - length_ + 1);
    return {{static_cast<int64_t>(random.below(places)), length_}, {}};
  }
  // The stream as a ring that is cut at another place in each epoch: all windows have their length, none overlap.
  RandomStream random(seed_, operation("text.phase"), epoch, 0);
  const auto phase = static_cast<int64_t>(random.below(static_cast<uint64_t>(pairs_)));
  const int64_t begin = (phase + position * length_) % pairs_;
  const int64_t to_end = std::min(length_, pairs_ - begin);
  return {{begin, to_end}, {0, length_ - to_end}};
}

void TokenWindows::read(const TokenStream& stream, const TokenWindow& window, std::span<int32_t> inputs,
                        std::span<int32_t> targets) const {
  HASTEN_CHECK(inputs.size() == static_cast<size_t>(length_) && targets.size() == inputs.size(), "space for a window");
  size_t done = 0;
  for (const WindowPiece& piece : {window.first, window.second}) {
    if (piece.count == 0) continue;
    const auto count = static_cast<size_t>(piece.count);
    const std::span<int32_t> in = inputs.subspan(done, count), out = targets.subspan(done, count);
    stream.read(piece.position, in);
    std::copy(in.begin() + 1, in.end(), out.begin());
    stream.read(piece.position + piece.count, out.last(1));
    done += count;
  }
}

}  // namespace hasten
