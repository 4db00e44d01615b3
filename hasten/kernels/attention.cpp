// Scores of 32 queries at a time. Backward they are computed again (Dao et al. 2022, arXiv:2205.14135); a sequence is short
// enough that all scores of a block of queries lie in the second cache, so no sum is corrected on the way.
#include "hasten/kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "hasten/kernels/attention_rows.h"
#include "hasten/kernels/tiles.h"

namespace hasten::kernels {
namespace {

using tiles::kPanel;
using tiles::kPanelStep;
using tiles::Operand;
using tiles::padded;

// Memory of a thread for one head after the other.
struct Scratch {
  using Packed = std::vector<uint16_t>;
  Packed queries_left, seen_left, weights_left;  // a block's
  Packed keys_right, keys_across, values_right, queries_across, seen_across;  // all of a head's
  Packed weights, slopes;  // rows of queries
  std::vector<float> scores, gradients, out;

  Scratch(int64_t tokens, int64_t features, bool backward) {
    const auto t = static_cast<size_t>(padded(tokens)), f = static_cast<size_t>(padded(features));
    constexpr auto kRows = static_cast<size_t>(kPanel);
    queries_left.resize(kRows * f);
    weights_left.resize(kRows * t);
    keys_right.resize(t * f);
    values_right.resize(t * f);
    scores.resize(kRows * t);
    out.resize(kRows * f);
    if (!backward) return;
    seen_left.resize(kRows * f);
    keys_across.resize(t * f);
    queries_across.resize(t * f);
    seen_across.resize(t * f);
    gradients.resize(kRows * t);
    weights.resize(t * t);
    slopes.resize(t * t);
  }
};

// One head of one sample.
struct Head {
  const Attention& shape;
  int64_t index = 0;

  int64_t t() const { return shape.tokens; }
  int64_t f() const { return shape.features; }
  int64_t place() const { return index * t() * f(); }
  // Of queries, keys, values: tokens as lanes, or features.
  Operand by_token(const uint16_t* part) const { return {part + place(), f(), 1}; }
  Operand by_feature(const uint16_t* part) const { return {part + place(), 1, f()}; }
  // Of what is seen, whose tokens are a whole sample's width apart.
  int64_t width() const { return shape.heads * f(); }
  int64_t seen_place() const { return index / shape.heads * t() * width() + index % shape.heads * f(); }

  int64_t block_end(int64_t begin) const { return std::min(begin + kPanel, t()); }
  // How many keys a query sees; a block of queries.
  int64_t keys_of(int64_t query) const { return shape.causal ? query + 1 : t(); }
  int64_t keys_of_block(int64_t begin) const { return shape.causal ? block_end(begin) : t(); }
};

// rows [32, columns] = left panel times the first panels of `right`.
void multiply_panels(const uint16_t* left, const uint16_t* right, int64_t right_steps, int64_t steps, int64_t columns,
                     float* rows, int64_t stride) {
  for (int64_t column = 0; column < columns; column += kPanel) {
    tiles::multiply(left, right + column / kPanel * right_steps * kPanelStep, steps, rows + column, stride);
  }
}

void see(const Head& head, Scratch& s, uint16_t* seen, float* sums) {
  const Attention& shape = head.shape;
  const int64_t t = head.t(), f = head.f(), wide_t = padded(t), wide_f = padded(f);
  tiles::pack_right(head.by_token(shape.keys), t, f, s.keys_right.data());
  tiles::pack_right(head.by_feature(shape.values), f, t, s.values_right.data());
  for (int64_t begin = 0; begin < t; begin += kPanel) {
    const int64_t queries = head.block_end(begin) - begin, keys = head.keys_of_block(begin), wide_keys = padded(keys);
    tiles::pack_left(head.by_token(shape.queries).from(begin, 0), queries, f, s.queries_left.data());
    multiply_panels(s.queries_left.data(), s.keys_right.data(), wide_f / kPanel, wide_f / kPanel, keys, s.scores.data(),
                    wide_t);
    float factors[kPanel];
    for (int64_t i = 0; i < queries; ++i) {
      float highest = 0;
      const float sum = softmax_row(s.scores.data() + i * wide_t, head.keys_of(begin + i), wide_keys / kPanel, &highest,
                                    s.weights_left.data() + tiles::row_place(i));
      sums[head.index * t + begin + i] = highest + std::log(sum);
      factors[i] = 1 / sum;
    }
    multiply_panels(s.weights_left.data(), s.values_right.data(), wide_t / kPanel, wide_keys / kPanel, f, s.out.data(),
                    wide_f);
    for (int64_t i = 0; i < queries; ++i) {
      narrow_row(s.out.data() + i * wide_f, f, factors[i], seen + head.seen_place() + (begin + i) * head.width());
    }
  }
}

void write_rows(const Scratch& s, int64_t rows, int64_t features, uint16_t* to) {
  for (int64_t i = 0; i < rows; ++i) {
    narrow_row(s.out.data() + i * padded(features), features, 1, to + i * features);
  }
}

void see_backward(const Head& head, Scratch& s, const uint16_t* dseen, const float* sums,
                  const Attention::Gradients& out) {
  const Attention& shape = head.shape;
  const int64_t t = head.t(), f = head.f(), wide_t = padded(t), wide_f = padded(f);
  const int64_t token_steps = wide_t / kPanel, feature_steps = wide_f / kPanel;
  const Operand seen_by_token{dseen + head.seen_place(), head.width(), 1},
      seen_by_feature{dseen + head.seen_place(), 1, head.width()};
  tiles::pack_right(head.by_token(shape.keys), t, f, s.keys_right.data());
  tiles::pack_right(head.by_token(shape.values), t, f, s.values_right.data());
  tiles::pack_right(head.by_feature(shape.keys), f, t, s.keys_across.data());
  tiles::pack_right(head.by_feature(shape.queries), f, t, s.queries_across.data());
  tiles::pack_right(seen_by_feature, f, t, s.seen_across.data());
  for (int64_t begin = 0; begin < t; begin += kPanel) {
    const int64_t queries = head.block_end(begin) - begin, keys = head.keys_of_block(begin), wide_keys = padded(keys);
    tiles::pack_left(head.by_token(shape.queries).from(begin, 0), queries, f, s.queries_left.data());
    tiles::pack_left(seen_by_token.from(begin, 0), queries, f, s.seen_left.data());
    multiply_panels(s.queries_left.data(), s.keys_right.data(), feature_steps, feature_steps, keys, s.scores.data(),
                    wide_t);
    multiply_panels(s.seen_left.data(), s.values_right.data(), feature_steps, feature_steps, keys, s.gradients.data(),
                    wide_t);
    for (int64_t i = 0; i < queries; ++i) {
      const int64_t query = begin + i, row = query * wide_t;
      softmax_row_backward(s.scores.data() + i * wide_t, s.gradients.data() + i * wide_t, head.keys_of(query),
                           wide_keys / kPanel, sums[head.index * t + query], s.weights.data() + row,
                           s.slopes.data() + row, s.weights_left.data() + tiles::row_place(i));
    }
    multiply_panels(s.weights_left.data(), s.keys_across.data(), token_steps, wide_keys / kPanel, f, s.out.data(),
                    wide_f);
    write_rows(s, queries, f, out.queries + head.place() + begin * f);
  }
  // Of 32 keys, over the queries that see them.
  for (int64_t begin = 0; begin < t; begin += kPanel) {
    const int64_t keys = head.block_end(begin) - begin, first = shape.causal ? begin : 0;
    const auto gradient_of = [&](const Scratch::Packed& rows, const Scratch::Packed& right, uint16_t* to) {
      tiles::pack_left(Operand{rows.data(), 1, wide_t}.from(begin, first), keys, t - first, s.weights_left.data());
      multiply_panels(s.weights_left.data(), right.data() + first / kPanel * kPanelStep, token_steps,
                      padded(t - first) / kPanel, f, s.out.data(), wide_f);
      write_rows(s, keys, f, to + head.place() + begin * f);
    };
    gradient_of(s.slopes, s.queries_across, out.keys);
    gradient_of(s.weights, s.seen_across, out.values);
  }
}

}  // namespace

void Attention::forward(uint16_t* seen, float* sums, int64_t begin, int64_t end) const {
  const tiles::Session session;
  Scratch scratch(tokens, features, false);
  for (int64_t i = begin; i < end; ++i) see({*this, i}, scratch, seen, sums);
}

void Attention::backward(const uint16_t* dseen, const float* sums, const Gradients& out, int64_t begin,
                         int64_t end) const {
  const tiles::Session session;
  Scratch scratch(tokens, features, true);
  for (int64_t i = begin; i < end; ++i) see_backward({*this, i}, scratch, dseen, sums, out);
}

}  // namespace hasten::kernels
