// Packed shards as samples.
#include "hasten/loader/shards/shard_index.h"

#include <algorithm>
#include <fstream>
#include <limits>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/format.h"
#include "hasten/loader/shards/mapped_shard.h"
#include "hasten/loader/shards/set_files.h"

namespace hasten {
namespace {

using shards::MappedShard;

class ShardIndex : public SampleIndex {
 public:
  explicit ShardIndex(std::vector<MappedShard> shards) : shards_(std::move(shards)) {
    uint64_t total = 0;
    for (const MappedShard& shard : shards_) {
      if (shard.samples() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) - total)
        throw DataError(shard.path().string(), "byte 40", "more samples than 64 bits can count");
      begins_.push_back(total);
      total += shard.samples();
      files_.push_back({shard.path(), shard.header().file_bytes, {}});
    }
    begins_.push_back(total);
  }

  const std::string& format() const override { return format_; }
  int64_t size() const override { return static_cast<int64_t>(begins_.back()); }
  const std::vector<SampleFile>& files() const override { return files_; }

  SampleEntry entry(int64_t sample) const override {
    const size_t shard = shard_of(sample);
    SampleEntry entry = shards::sample_entry(shards_[shard].entry(static_cast<uint64_t>(sample) - begins_[shard]));
    entry.file = static_cast<uint32_t>(shard);
    return entry;
  }

  // Later packs may know more classes than the first: the longest list that the others begin.
  std::vector<std::string> classes() const override {
    std::vector<std::string> all;
    for (const MappedShard& shard : shards_) {
      const auto& header = shard.header();
      if (&shard != &shards_.front() && header.pack_first != 0) continue;  // as in the shard before it
      std::vector<std::string> names = shard.classes();
      if (!std::equal(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), names.size())),
                      names.begin()))
        throw DataError(shard.path().string(), cat("byte ", header.classes.offset),
                        "its class names are not those of the shards before it");
      if (names.size() > all.size()) all = std::move(names);
    }
    return all;
  }

  std::string describe(int64_t sample) const override {
    const size_t shard = shard_of(sample);
    const uint64_t local = static_cast<uint64_t>(sample) - begins_[shard];
    const std::string place = cat(shards_[shard].path().filename().string(), ", sample ", local);
    const std::string name = key(sample);
    return name.empty() ? place : cat(name, " (", place, ")");
  }

  std::string key(int64_t sample) const {
    const size_t shard = shard_of(sample);
    return shards_[shard].key(static_cast<uint64_t>(sample) - begins_[shard]).value_or("");
  }

 private:
  size_t shard_of(int64_t sample) const {
    HASTEN_CHECK(sample >= 0 && sample < size(), "there is no such sample");
    return static_cast<size_t>(std::upper_bound(begins_.begin(), begins_.end(), static_cast<uint64_t>(sample)) -
                               begins_.begin()) -
           1;
  }

  const std::string format_ = "shards";
  std::vector<MappedShard> shards_;
  std::vector<uint64_t> begins_;  // the first sample of each shard, and the number of all
  std::vector<SampleFile> files_;
};

}  // namespace

bool holds_shards(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return std::filesystem::exists(path / shards::shard_name(0), error);
  if (!std::filesystem::is_regular_file(path, error)) return false;
  std::array<uint8_t, 8> magic{};
  std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(magic.data()), magic.size());
  return magic == shards::kMagic || path.extension() == ".shard";
}

std::string sample_name(const SampleIndex& source, int64_t sample) {
  if (const auto* shards = dynamic_cast<const ShardIndex*>(&source)) return shards->key(sample);
  std::string name = source.describe(sample);
  return name == source.SampleIndex::describe(sample) ? "" : name;
}

std::unique_ptr<SampleIndex> open_shards(const std::filesystem::path& path) {
  std::vector<MappedShard> mapped;
  if (!std::filesystem::is_directory(path)) {
    mapped.emplace_back(path);
    return std::make_unique<ShardIndex>(std::move(mapped));
  }
  shards::FolderFiles files = shards::files_in(path);
  require_all(files, path);
  if (files.shards.empty())
    throw DataError(path.string(), "", "there are no finished shards in it",
                    files.partials.empty() ? "" : "packing was stopped: run the same hasten data pack again to go on");
  std::vector<shards::ShardHeader> headers;
  for (const auto& shard : files.shards) headers.push_back(shards::read_header(shard));
  size_t finished = 0;
  for (const shards::PackSpan& pack : shards::packs_of(files.shards, headers)) {
    if (pack.finished) finished = pack.end;
  }
  if (finished == 0)
    throw DataError(path.string(), "",
                    cat("packing was stopped at sample ", headers.back().pack_next, " of ", headers.back().pack_total),
                    "run the same hasten data pack again to go on");
  for (size_t i = 0; i < finished; ++i) mapped.emplace_back(files.shards[i]);
  return std::make_unique<ShardIndex>(std::move(mapped));
}

SampleFormat shards_format() {
  return {"shards", "folders of shards that `hasten data pack` wrote", holds_shards, no_parts,
          [](const std::filesystem::path& path, const std::string&) { return open_shards(path); }};
}

}  // namespace hasten
