// Raw or encoded: which would be read faster on this machine, by measurement.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "hasten/loader/sample_index.h"
#include "hasten/loader/shards/transcode.h"

namespace hasten::shards {

// What the choice rests on. Rates are those of one thread unless said.
struct FormatRates {
  int64_t samples = 0;          // of the set
  int64_t measured = 0;         // samples that were measured; 0: none can be decoded
  double encoded_bytes = 0;     // of a sample, mean
  double raw_bytes = 0;
  double decodes_per_s = 0;
  double copy_bytes_per_s = 0;  // memory to memory
  double read_bytes_per_s = 0;  // from the disk of the target, not from the page cache; whole machine
  uint64_t free_memory = 0, free_disk = 0;
  int threads = 1;
};

struct FormatChoice {
  PackFormat format = PackFormat::kJpeg;
  FormatRates rates;
  bool raw_resident = false, encoded_resident = false;  // would the page cache hold it?
  double raw_per_s = 0, encoded_per_s = 0;              // samples a second that a loader could get
  std::string reason;                                   // a sentence with the numbers
};

// The faster one; the smaller one where they are within a tenth. A set that does not fit into the free memory is read
// from the disk. Raw is out where the disk has no room for it.
FormatChoice choose_format(const FormatRates& rates);

// Decodes up to 64 samples from all over the set, copies memory, and reads a file back that it writes into `folder`
// (which leaves nothing behind). Takes about two seconds.
FormatRates measure_rates(const SampleIndex& source, const std::filesystem::path& folder,
                          const TranscodeOptions& options, int threads);

}  // namespace hasten::shards
