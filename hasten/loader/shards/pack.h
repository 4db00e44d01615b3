// Any set of samples into shards.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hasten/loader/sample_index.h"
#include "hasten/loader/shards/format_choice.h"
#include "hasten/loader/shards/transcode.h"

namespace hasten::shards {

struct PackProgress {
  int64_t sample = 0, samples = 0;  // of the source, done and in all
  uint64_t bytes = 0;               // written
};

struct PackOptions {
  std::optional<PackFormat> format;                // empty: measured and chosen
  int quality = 0;                                 // as in TranscodeOptions
  uint32_t resize = 0;
  uint64_t shard_bytes = uint64_t{256} << 20;      // no larger, unless a single sample is
  bool names = true;                               // keep what the source calls its samples
  bool append = false;                             // add to a set that is there
  bool skip_damaged = false;                       // leave out samples that are damaged, with a count
  int threads = 0;                                 // 0: all cores
  const std::atomic<bool>* stop = nullptr;  // set from outside: the shard at work is dropped, finished ones stay
  std::function<void(const PackProgress&)> progress;
};

struct PackResult {
  PackFormat format = PackFormat::kJpeg;
  bool images = true;  // not text or tokens, which have one format
  std::optional<FormatChoice> choice;  // when it was measured
  int64_t samples = 0;  // in the shards of this pack, those of an earlier try included
  uint64_t shards = 0, bytes = 0;  // likewise
  uint64_t shards_before = 0;  // of them, found finished
  int64_t skipped = 0;
  std::vector<std::string> skipped_samples;  // the first few, with what is wrong with them
  bool interrupted = false;
};

// Packs `source` into `folder`. The same source and options give the same bytes, whatever the threads and however often
// it was killed and started again: it goes on after the shards that are finished, and does nothing when all are. Another
// process that packs into the same folder is refused. Throws ConfigError for options and for a folder that holds another
// set, DataError for damaged samples and for a full disk, which leaves finished shards only.
PackResult pack(const SampleIndex& source, const std::filesystem::path& folder, const PackOptions& options);

}  // namespace hasten::shards
