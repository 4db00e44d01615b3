// Documents in rows (best fit decreasing: D. S. Johnson, Near-optimal bin packing algorithms, 1973; for text Ding et al.:
// Fewer Truncations Improve Language Modeling, arXiv:2404.10830), samples in batches of similar length.
#include "hasten/loader/text/packing.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

// Open rows by how much room they have, with a tree over the rooms: the least room that is at least so much in
// log(capacity) steps.
class RowsByRoom {
 public:
  explicit RowsByRoom(int64_t capacity)
      : rows_(static_cast<size_t>(capacity) + 1), leaves_(std::bit_ceil(rows_.size())), filled_(2 * leaves_, false) {}

  void put(int64_t room, int64_t row) {
    rows_[static_cast<size_t>(room)].push_back(row);
    for (size_t node = leaves_ + static_cast<size_t>(room); node > 0 && !filled_[node]; node /= 2) filled_[node] = true;
  }
  // The room, or -1 when no row has that much.
  int64_t least_room(int64_t needed) const {
    size_t node = leaves_ + static_cast<size_t>(needed);
    while (!filled_[node]) {
      while (node > 1 && (node & 1) != 0) node /= 2;  // the next to the right of this subtree
      if (node <= 1) return -1;
      ++node;
    }
    while (node < leaves_) node = filled_[2 * node] ? 2 * node : 2 * node + 1;
    return static_cast<int64_t>(node - leaves_);
  }
  int64_t take(int64_t room) {
    std::vector<int64_t>& rows = rows_[static_cast<size_t>(room)];
    const int64_t row = rows.back();
    rows.pop_back();
    if (!rows.empty()) return row;
    size_t node = leaves_ + static_cast<size_t>(room);
    for (filled_[node] = false, node /= 2; node > 0 && !filled_[2 * node] && !filled_[2 * node + 1]; node /= 2)
      filled_[node] = false;
    return row;
  }

 private:
  std::vector<std::vector<int64_t>> rows_;
  size_t leaves_;
  std::vector<bool> filled_;
};

// Whole rows of what is too long, and the rest of every document, longest first and then by number.
std::vector<PackedPiece> pieces_to_pack(std::span<const int64_t> lengths, int64_t capacity,
                                        std::vector<std::vector<PackedPiece>>& rows) {
  std::vector<PackedPiece> rest;
  for (size_t d = 0; d < lengths.size(); ++d) {
    if (lengths[d] < 0) throw ConfigError("lengths", "lengths of at least 0", cat(lengths[d], " of document ", d));
    const auto document = static_cast<int64_t>(d);
    int64_t begin = 0;
    for (; lengths[d] - begin >= capacity; begin += capacity) rows.push_back({{document, begin, capacity}});
    if (begin < lengths[d]) rest.push_back({document, begin, lengths[d] - begin});
  }
  std::sort(rest.begin(), rest.end(), [](const PackedPiece& a, const PackedPiece& b) {
    return a.length != b.length ? a.length > b.length : a.document < b.document;
  });
  return rest;
}

}  // namespace

std::span<const PackedPiece> PackedRows::row(int64_t r) const {
  const int64_t begin = starts.at(static_cast<size_t>(r)), end = starts.at(static_cast<size_t>(r) + 1);
  return std::span(pieces).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
}

void PackedRows::segments(int64_t r, std::span<int32_t> out) const {
  HASTEN_CHECK(out.size() == static_cast<size_t>(capacity), "space for a row");
  size_t at = 0;
  int32_t segment = 0;
  for (const PackedPiece& piece : row(r)) {
    std::fill_n(out.begin() + static_cast<ptrdiff_t>(at), piece.length, segment++);
    at += static_cast<size_t>(piece.length);
  }
  std::fill(out.begin() + static_cast<ptrdiff_t>(at), out.end(), -1);
}

int64_t PackedRows::tokens() const {
  return std::accumulate(pieces.begin(), pieces.end(), int64_t{0},
                         [](int64_t sum, const PackedPiece& piece) { return sum + piece.length; });
}

double PackedRows::waste() const {
  const int64_t places = rows() * capacity;
  return places == 0 ? 0 : static_cast<double>(places - tokens()) / static_cast<double>(places);
}

PackedRows pack_documents(std::span<const int64_t> lengths, int64_t capacity) {
  if (capacity < 1 || capacity > (int64_t{1} << 30))
    throw ConfigError("capacity", "rows of 1 to 2^30 tokens", std::to_string(capacity));
  std::vector<std::vector<PackedPiece>> rows;
  const std::vector<PackedPiece> rest = pieces_to_pack(lengths, capacity, rows);
  RowsByRoom open(capacity);
  for (const PackedPiece& piece : rest) {
    int64_t room = open.least_room(piece.length), row = 0;
    if (room < 0) {
      room = capacity;
      row = static_cast<int64_t>(rows.size());
      rows.emplace_back();
    } else {
      row = open.take(room);
    }
    rows[static_cast<size_t>(row)].push_back(piece);
    if (room > piece.length) open.put(room - piece.length, row);
  }
  PackedRows packed;
  packed.capacity = capacity;
  packed.starts.push_back(0);
  for (const auto& row : rows) {
    packed.pieces.insert(packed.pieces.end(), row.begin(), row.end());
    packed.starts.push_back(static_cast<int64_t>(packed.pieces.size()));
  }
  return packed;
}

Buckets bucket_by_length(std::span<const int64_t> lengths, const BucketOptions& options) {
  if (options.batch < 0 || options.tokens < 0 || options.window < 0 || (options.batch == 0 && options.tokens == 0))
    throw ConfigError("batch", "a limit of samples or of tokens for a batch", "none");
  const auto count = static_cast<int64_t>(lengths.size());
  std::vector<int64_t> order = permutation(count, options.seed, operation("text.bucket"), options.epoch);
  const int64_t window = options.window == 0 ? std::max<int64_t>(count, 1) : options.window;
  Buckets buckets;
  int64_t places = 0, tokens = 0;
  for (int64_t first = 0; first < count; first += window) {
    const auto begin = order.begin() + first, end = order.begin() + std::min(count, first + window);
    auto length_of = [&](int64_t sample) { return lengths[static_cast<size_t>(sample)]; };
    std::stable_sort(begin, end, [&](int64_t a, int64_t b) { return length_of(a) < length_of(b); });
    std::vector<std::vector<int64_t>> batches;
    for (auto it = begin; it != end; ++it) {
      const int64_t length = length_of(*it);  // the longest so far
      if (options.tokens > 0 && length > options.tokens)
        throw ConfigError("tokens", cat("room for sample ", *it, " of ", length, " tokens"),
                          std::to_string(options.tokens));
      const auto size = batches.empty() ? int64_t{0} : static_cast<int64_t>(batches.back().size());
      const bool full =
          (options.batch > 0 && size == options.batch) || (options.tokens > 0 && (size + 1) * length > options.tokens);
      if (size == 0 || full) batches.emplace_back();
      batches.back().push_back(*it);
      tokens += length;
    }
    for (const auto& batch : batches) places += static_cast<int64_t>(batch.size()) * length_of(batch.back());
    std::vector<int64_t> turn =
        permutation(static_cast<int64_t>(batches.size()), mix(options.seed, static_cast<uint64_t>(first)),
                    operation("text.bucket.order"), options.epoch);
    for (int64_t b : turn) buckets.batches.push_back(std::move(batches[static_cast<size_t>(b)]));
  }
  buckets.padding = places == 0 ? 0 : static_cast<double>(places - tokens) / static_cast<double>(places);
  return buckets;
}

}  // namespace hasten
