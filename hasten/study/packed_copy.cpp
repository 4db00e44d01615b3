#include "hasten/study/packed_copy.h"

#include <unistd.h>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/machine.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/open.h"
#include "hasten/loader/shards/pack.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

bool is_encoded(Codec codec) { return codec == Codec::kJpeg || codec == Codec::kPng || codec == Codec::kWebp; }

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "hasten-packed-XXXXXX").string();  // mkdtemp's pattern
  if (mkdtemp(name.data()) == nullptr) throw ConfigError("TMPDIR", "a folder for temporary files", name);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

PackedCopy::PackedCopy(const fs::path& source, const std::atomic<bool>* stop) {
  shards::PackOptions options;
  options.format = shards::PackFormat::kRaw;
  options.stop = stop;
  for (const std::string& part : parts_of(source)) {
    const fs::path out = part.empty() ? path() : path() / part;
    if (shards::pack(*open_samples(source, part), out, options).interrupted)
      throw ConfigError("data pack", "time to pack", "an interruption");
  }
}

std::optional<shards::FormatRates> packing_rates(const SampleIndex& samples) {
  if (samples.size() == 0 || !is_encoded(samples.entry(0).codec)) return std::nullopt;
  const TemporaryFolder folder;
  const shards::FormatRates rates =
      shards::measure_rates(samples, folder.path(), {}, static_cast<int>(this_machine().cores));
  return rates.measured > 0 ? std::optional(rates) : std::nullopt;
}

std::string data_files(const Recipe& recipe) {
  return find_dataset_files(*recipe.dataset, recipe.dataset_params.get("path").get<std::string>());
}

double packing_s(const shards::FormatRates& rates) {
  return static_cast<double>(rates.samples) / (rates.decodes_per_s * rates.threads);
}

}  // namespace hasten
