// Which stretches of a long text an epoch trains on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hasten/loader/formats/tokens.h"

namespace hasten {

enum class WindowSampling : uint8_t {
  kEpoch,         // every token once an epoch, windows side by side from another place in each epoch
  kRandomOffset,  // each window anywhere, with replacement: what nanoGPT does
};

// `count` inputs from `position`; their targets are the tokens behind them. Two pieces are a window that begins at the
// end of the text and goes on at its beginning: attention should not look from one into the other.
struct WindowPiece {
  int64_t position = 0, count = 0;
};
struct TokenWindow {
  WindowPiece first, second;
};

// Windows of `length` inputs over a stream of `tokens`, each with the next token as its target. Says which ones there
// are, in constant memory; in what order they come is the caller's affair.
class TokenWindows {
 public:
  // Throws ConfigError when the stream is shorter than length + 1 tokens.
  TokenWindows(int64_t tokens, int64_t length, uint64_t seed, WindowSampling sampling);

  int64_t length() const { return length_; }
  int64_t size() const { return count_; }    // windows an epoch: (tokens - 1) / length, rounded down
  // Of the tokens, (tokens - 1) % length are left out in an epoch; which ones, changes from epoch to epoch.
  int64_t left_out() const { return (pairs_ - count_ * length_); }
  TokenWindow window(uint64_t epoch, int64_t position) const;
  // Fills inputs and targets (length each) with the tokens of a window.
  void read(const TokenStream& stream, const TokenWindow& window, std::span<int32_t> inputs,
            std::span<int32_t> targets) const;

 private:
  int64_t pairs_, length_, count_;  // pairs of an input and its target
  uint64_t seed_;
  WindowSampling sampling_;
};

}  // namespace hasten
