// What a source calls its samples.
#include "hasten/loader/shards/source_names.h"

#include <algorithm>

#include "hasten/loader/shards/shard_index.h"

namespace hasten::shards {

SourceNames::SourceNames(const SampleIndex& source) : source_(source) {
  const auto& files = source.files();
  if (files.empty()) return;
  folder_ = files.front().path.string();
  folder_.resize(folder_.rfind('/') + 1);  // to nothing where there is no slash
  for (const SampleFile& file : files) {
    const std::string& path = file.path.native();
    const size_t same = static_cast<size_t>(
        std::mismatch(folder_.begin(), folder_.end(), path.begin(), path.end()).first - folder_.begin());
    if (same < folder_.size()) folder_.resize(same == 0 ? 0 : folder_.rfind('/', same - 1) + 1);
  }
}

std::string SourceNames::operator()(int64_t sample) const {
  std::string name = sample_name(source_, sample);
  if (!folder_.empty() && name.starts_with(folder_)) name.erase(0, folder_.size());
  return name;
}

}  // namespace hasten::shards
