// Documents of different lengths in rows of one length, and samples in batches of similar length.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hasten {

// A stretch of a document in a row; it fills the row from where the one before ends. Its place in the row is its
// segment: attention and loss stay within a segment, positions begin anew.
struct PackedPiece {
  int64_t document = 0;
  int64_t begin = 0, length = 0;  // in the document
};

struct PackedRows {
  int64_t capacity = 0;
  std::vector<PackedPiece> pieces;
  std::vector<int64_t> starts;    // of each row in pieces, and one more

  int64_t rows() const { return static_cast<int64_t>(starts.size()) - 1; }
  std::span<const PackedPiece> row(int64_t r) const;
  // Of `capacity` places: 0, 0, 0, 1, 1, ... and -1 where the row is empty.
  void segments(int64_t r, std::span<int32_t> out) const;
  int64_t tokens() const;         // in all rows
  double waste() const;           // empty places as a share of all
};

// Packs documents into rows of `capacity` tokens: the longest first, each into the fullest row that has room (best fit
// decreasing). A document longer than a row fills rows and what is left of it is packed like a short one. Every token is
// in one row; the same lengths give the same rows. Takes n log(capacity) steps.
PackedRows pack_documents(std::span<const int64_t> lengths, int64_t capacity);

struct BucketOptions {
  int64_t batch = 32;  // samples at most in a batch; 0: as many as `tokens` allow
  int64_t tokens = 0;  // padded tokens at most in a batch: samples x the longest; 0: any number
  int64_t window = 0;  // mixing radius: samples this far apart may share a batch; 0: all of them
  uint64_t seed = 0, epoch = 0;
};

struct Buckets {
  std::vector<std::vector<int64_t>> batches;  // sample numbers, in the order to train on
  double padding = 0;  // share of places that hold none of a sample
};

// Batches of samples of similar length. The order is another in each epoch, and a function of (seed, epoch) alone:
// samples are shuffled, sorted by length within windows, cut into batches, and these are shuffled within their window.
Buckets bucket_by_length(std::span<const int64_t> lengths, const BucketOptions& options);

}  // namespace hasten
