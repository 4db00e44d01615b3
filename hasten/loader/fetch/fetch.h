// A data set, complete and checked, in its place: from the network, or from a file or folder that is here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hasten/loader/fetch/catalogue.h"
#include "hasten/loader/fetch/download.h"

namespace hasten {

struct FetchOptions {
  std::string from;             // a file, a folder, or an address in place of the published ones; empty: those
  std::filesystem::path to;     // the folder that gets a folder NAME; empty: data_root()
  bool force = false;           // also when it is there already: replaced
  bool keep_tar = false;  // a tar archive stays one (unpacked from gzip or zstd, so that it can be read anywhere in it)
  DownloadLimits limits;
};

struct FetchResult {
  std::filesystem::path folder;
  bool was_there = false;
  uint64_t bytes = 0;  // that lie there now
  std::vector<std::string> checked;  // what was compared: "SHA-256 of input.txt", "60,000 samples in train"
  std::vector<std::string> notes;  // what did not fit but does no harm
};

// Works in a folder .NAME.fetch beside the place, which one process at a time has (a lock that ends with the process);
// others wait. A process that is killed leaves what has arrived there, and the next call goes on from it. The data set
// appears in its place by one rename. Throws ConfigError and DataError.
FetchResult fetch_data(const KnownData& data, const FetchOptions& options, const ProgressSink& sink);

// What is wrong with the data set in a folder; empty when it is complete.
std::string what_is_missing(const KnownData& data, const std::filesystem::path& folder);

}  // namespace hasten
