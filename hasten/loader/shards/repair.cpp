// Mends packed sets.
#include "hasten/loader/shards/repair.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/shards/pack_folder.h"
#include "hasten/loader/shards/set_files.h"
#include "hasten/loader/shards/shard_writer.h"

namespace hasten::shards {
namespace {

namespace fs = std::filesystem;

struct Examined {
  fs::path path;
  Survey found;
  std::vector<bool> good;  // by entry
  bool damaged() const { return !found.damages.empty(); }
};

Examined examine(const fs::path& path, const VerifyOptions& options) {
  const InputFile file(path);
  Examined shard{path, survey(file), {}};
  shard.good = check_records(file, shard.found, options);
  if (!shard.damaged()) {  // only its header and classes are wanted: a set may have more entries than memory holds
    std::vector<SurveyedEntry>().swap(shard.found.entries);
    std::vector<std::optional<std::string>>().swap(shard.found.keys);
    std::vector<bool>().swap(shard.good);
  }
  return shard;
}

// The damaged shard under another name, which nobody has. A second link, so that the first name is never without a file.
fs::path keep_damaged(const fs::path& path) {
  for (int i = 1;; ++i) {
    fs::path kept = path;
    kept += i == 1 ? ".damaged" : cat(".damaged", i);
    if (::link(path.c_str(), kept.c_str()) == 0) return kept;
    if (errno == EEXIST) continue;
    // File systems without links: for a moment there is no shard of this name, but both are on the disk.
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
      fail_system(kept, "cannot keep the damaged shard", errno);
    struct stat status {};
    if (::lstat(kept.c_str(), &status) == 0) continue;
    if (::rename(path.c_str(), kept.c_str()) != 0) fail_system(kept, "cannot keep the damaged shard", errno);
    return kept;
  }
}

// A shard whose headers are both lost stands between its neighbours.
PackPlace place_between(const std::vector<Examined>& all, size_t i) {
  const auto& mine = all[i].found.header;
  if (mine) return {mine->pack, mine->pack_first, mine->pack_next, mine->pack_total};
  const ShardHeader* before = i > 0 && all[i - 1].found.header ? &*all[i - 1].found.header : nullptr;
  const ShardHeader* after = i + 1 < all.size() && all[i + 1].found.header ? &*all[i + 1].found.header : nullptr;
  const bool continued = after && after->pack_first > 0;
  if (before && before->pack_next < before->pack_total) {
    const uint64_t next = continued ? after->pack_first : before->pack_total;
    return {before->pack, before->pack_next, next, before->pack_total};
  }
  if (continued) return {after->pack, 0, after->pack_first, after->pack_total};
  // A pack of its own, of what was found.
  uint64_t samples = 0;
  for (const SurveyedEntry& surveyed : all[i].found.entries)
    if (surveyed.entry) samples = std::max(samples, surveyed.entry->source + 1);
  return {0, 0, samples, samples};
}

// Class names and note are those of all shards of a pack: one that has them undamaged, the own one first.
template <class T>
std::optional<T> shared_by(const std::vector<Examined>& all, size_t i, uint64_t pack, T Survey::*value,
                           bool Survey::*good) {
  if (all[i].found.header && all[i].found.*good) return all[i].found.*value;
  for (const Examined& other : all) {
    if (other.found.header && other.found.header->pack == pack && other.found.*good) return other.found.*value;
  }
  return std::nullopt;
}

std::string lost_sample(const Examined& shard, size_t i) {
  std::string text = cat("sample ", i);
  const auto& key = shard.found.keys[i];
  if (key && !key->empty()) text += cat(" (", *key, ")");
  if (const auto& entry = shard.found.entries[i].entry) text += cat(", sample ", entry->source, " of its source");
  return text;
}

RepairedShard rewrite(const std::vector<Examined>& all, size_t i) {
  const Examined& shard = all[i];
  RepairedShard result{shard.path, {}, shard.found.damages, 0, {}, false};
  const InputFile file(shard.path);
  ShardWriter writer(shard.path);
  std::vector<uint8_t> record;
  const bool had_keys = shard.found.header && shard.found.header->keys.bytes != 0;
  uint64_t keys_lost = 0;
  for (size_t k = 0; k < shard.found.entries.size(); ++k) {
    if (!shard.good[k]) {
      result.lost.push_back(lost_sample(shard, k));
      result.lost_samples = true;
      continue;
    }
    const IndexEntry& entry = *shard.found.entries[k].entry;
    file.read(entry.offset, entry.bytes, record);
    writer.add(entry, record, shard.found.keys[k].value_or(""));
    keys_lost += had_keys && !shard.found.keys[k];
  }
  result.samples = writer.samples();
  const PackPlace place = place_between(all, i);
  const uint64_t promised = shard.found.header ? shard.found.header->samples : place.next - place.first;
  if (promised > shard.found.entries.size()) {
    result.lost.push_back(cat(promised - shard.found.entries.size(), " samples of which nothing was found"));
    result.lost_samples = true;
  }
  if (keys_lost > 0)
    result.lost.push_back(keys_lost == 1 ? "the name of a sample" : cat("the names of ", keys_lost, " samples"));
  const auto classes = shared_by(all, i, place.pack, &Survey::classes, &Survey::classes_good);
  const auto note = shared_by(all, i, place.pack, &Survey::note, &Survey::note_good);
  if (!classes) result.lost.push_back("the names of the classes");
  if (!note) result.lost.push_back("the note");
  writer.finish(place, classes.value_or(std::vector<std::string>{}), note.value_or(""),
                [&] { result.kept_as = keep_damaged(shard.path); });
  return result;
}

}  // namespace

RepairResult repair_shards(const fs::path& path, const VerifyOptions& options) {
  RepairResult result;
  FolderFiles files;
  const PackFolder lock(fs::is_directory(path) ? path : fs::absolute(path).parent_path());
  if (fs::is_directory(path)) files = files_in(path);
  else files.shards = {path};
  if (files.shards.empty()) throw DataError(path.string(), "", "there are no shards in it");
  std::vector<Examined> all;
  for (const fs::path& shard : files.shards) {
    all.push_back(examine(shard, options));
    if (options.stop && options.stop->load(std::memory_order_relaxed)) {
      result.interrupted = true;
      return result;
    }
  }
  result.shards = all.size();
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].damaged()) result.repaired.push_back(rewrite(all, i));
  }
  for (const std::string& name : files.missing)
    result.beyond_repair.push_back(
        {path, Place::kSet, -1, 0, cat(name, " is missing: bring it back, or pack again"), {}});
  if (!files.missing.empty() || files.shards.size() == 1) return result;
  try {
    std::vector<ShardHeader> headers;
    for (const fs::path& shard : files.shards) headers.push_back(read_header(shard));
    packs_of(files.shards, headers);
  } catch (const DataError& error) {
    result.beyond_repair.push_back({path, Place::kSet, -1, 0, error.what(), {}});
  }
  return result;
}

}  // namespace hasten::shards
