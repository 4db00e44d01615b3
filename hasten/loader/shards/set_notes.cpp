// How a packed set came about, in words.
#include "hasten/loader/shards/set_notes.h"

#include "hasten/base/text.h"
#include "hasten/loader/shards/mapped_shard.h"
#include "hasten/loader/shards/set_files.h"

namespace hasten::shards {

SetNotes set_notes(const std::filesystem::path& path) {
  SetNotes found;
  const auto describe = [&found](const std::filesystem::path& first, const std::filesystem::path& last) {
    const std::string note = MappedShard(first).note();
    found.packs.push_back(cat(first.filename().string(), first == last ? "" : cat(" to ", last.filename().string()),
                              ": ", note.empty() ? "without a note" : note));
  };
  if (!std::filesystem::is_directory(path)) {
    describe(path, path);
    return found;
  }
  const FolderFiles files = files_in(path);
  std::vector<ShardHeader> headers;
  for (const auto& shard : files.shards) headers.push_back(read_header(shard));
  for (const PackSpan& pack : packs_of(files.shards, headers)) {
    if (pack.finished) describe(files.shards[pack.begin], files.shards[pack.end - 1]);
    else
      found.notes.push_back(
          cat("a pack is not finished and is left out: ", files.shards[pack.begin].filename().string(),
              " on, at sample ", headers[pack.end - 1].pack_next, " of ", headers[pack.end - 1].pack_total));
  }
  if (!files.partials.empty()) found.notes.push_back("a killed pack left a file; the next pack removes it");
  if (!files.damaged.empty())
    found.notes.push_back("repair kept damaged shards: remove *.damaged* when they are not needed");
  return found;
}

}  // namespace hasten::shards
