// What is in a set of samples: counts and sizes from its index, and pixels from its images.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "hasten/loader/sample_index.h"

namespace hasten::shards {

struct Spread {
  uint64_t count = 0, least = std::numeric_limits<uint64_t>::max(), most = 0, sum = 0;
  void add(uint64_t value);
  void add(const Spread& other);
  double mean() const { return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count); }
};

struct IndexSummary {
  int64_t samples = 0, counted = 0;  // counted: evenly spread over the set, all of it where it is not huge
  std::map<Codec, int64_t> codecs;
  std::map<int64_t, int64_t> labels;  // samples of each; those without (-1) included
  Spread bytes;
  Spread width, height;               // where the index knows them
  std::map<int, int64_t> channels;    // likewise
};
// Reads entries only: at most `at_most` of them.
IndexSummary summarize_index(const SampleIndex& index, int64_t at_most = 10'000'000);

// Sums over the pixels of images with so many channels, values 0 to 255.
struct ChannelSums {
  int64_t images = 0;
  uint64_t pixels = 0;
  std::array<uint64_t, 3> sum{}, squares{};
  void add(const ChannelSums& other);
  double mean(size_t channel) const;       // of values divided by 255, as normalisation takes them
  double deviation(size_t channel) const;  // likewise; of all pixels
};

struct ContentSummary {
  int64_t samples = 0;        // that were read
  int64_t damaged = 0;        // could not be decoded, or do not have their checksum
  std::string first_damage;
  std::map<int64_t, int64_t> labels;
  Spread width, height;
  std::map<int, ChannelSums> channels;  // by their number: 1 and 3
  bool interrupted = false;
};
struct ContentOptions {
  int64_t samples = 10'000;  // evenly spread over the set; 0: all
  int threads = 0;
  const std::atomic<bool>* stop = nullptr;
  std::function<void(int64_t done, int64_t of)> progress;
};
// The same numbers whatever the threads.
ContentSummary summarize_content(const SampleIndex& index, const ContentOptions& options);

}  // namespace hasten::shards
