// One file from the network: resumed where it broke off, checked, from the first address that has it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "hasten/loader/fetch/catalogue.h"

namespace hasten {

struct DownloadLimits {
  int retries = 4;              // in a row without progress, at each address
  double first_wait_s = 0.5;    // between tries; doubles each time
  int stall_s = 30;             // without a kilobyte a second: given up and tried again
  int connect_s = 20;
  int redirects = 5;
  uint64_t most_bytes = uint64_t{64} << 30;  // of a file whose size nobody told
};

struct DownloadProgress {
  std::string file;
  uint64_t done = 0, total = 0;  // total 0: not known
  std::string note;              // of what went wrong and what is done about it; mostly empty
};
using ProgressSink = std::function<void(const DownloadProgress&)>;

// How sure we are of a file: by which checksum, or by none.
enum class Checked : uint8_t { kSha256, kMd5, kSize, kNothing };

// Fetches into `folder`, under file.name. What has arrived lies in NAME.part until it is whole and checked, with the
// address and its ETag in NAME.part.json: a later call, in this process or another, goes on from there if the file there
// is still the same. Only http and https, also where redirected; never from https back to http. Throws DataError with
// what happened at each address. The caller sees to it that one process at a time works in the folder.
Checked download(const KnownFile& file, const std::filesystem::path& folder, const DownloadLimits& limits,
                 const ProgressSink& sink);

// Compares size and checksum. Throws DataError when they differ.
Checked check_file(const KnownFile& file, const std::filesystem::path& path);

}  // namespace hasten
