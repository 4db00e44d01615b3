// A packed copy of a data set, to try what packing is worth: a folder of its own that goes away with the object.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>

#include "hasten/loader/sample_index.h"
#include "hasten/loader/shards/format_choice.h"
#include "hasten/spec/recipe.h"

namespace hasten {

class TemporaryFolder {
 public:
  TemporaryFolder();  // below $TMPDIR; throws ConfigError
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class PackedCopy {
 public:
  // All parts of the data at `source`, as pixels. Throws as shards::pack does, and ConfigError when `stop` was set meanwhile.
  PackedCopy(const std::filesystem::path& source, const std::atomic<bool>* stop);
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

// What reading pixels in the place of encoded images would cost here: nothing where `samples` have nothing to decode. Takes about
// two seconds.
std::optional<shards::FormatRates> packing_rates(const SampleIndex& samples);
// Where the recipe's samples are. Of a data set that lies in files.
std::string data_files(const Recipe& recipe);
// Seconds that a copy would take, by these rates.
double packing_s(const shards::FormatRates& rates);

}  // namespace hasten
