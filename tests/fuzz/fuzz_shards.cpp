// Fuzzes the reader of shards, verify and repair: whatever the bytes are, the answer is samples or an error with a place,
// and what repair leaves is a good shard. The first byte of an input says which checksums are made to fit again, because
// hardly any mutation would get past them; the rest is the file.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/text.h"
#include "hasten/loader/shards/layout.h"
#include "hasten/loader/shards/repair.h"
#include "hasten/loader/shards/set_files.h"
#include "hasten/loader/shards/set_notes.h"
#include "hasten/loader/shards/shard_index.h"
#include "tests/fuzz/scratch_folder.h"

namespace {

namespace fs = std::filesystem;
using namespace hasten;
using namespace hasten::shards;

void seal_entries(std::string& file, uint64_t begin, uint64_t count, bool move) {
  for (uint64_t i = 0; i < count && begin + (i + 1) * kEntryBytes <= file.size(); ++i) {
    IndexEntry entry;
    char* at = file.data() + begin + i * kEntryBytes;
    std::memcpy(&entry, at, sizeof entry);
    if (move) entry.offset = begin + kEntryBytes;
    seal(entry);
    std::memcpy(at, &entry, sizeof entry);
  }
}

void fit_checksums(std::string& file, uint8_t which) {
  if (file.size() < kHeaderBytes) return;
  ShardHeader header;
  std::memcpy(&header, file.data(), sizeof header);
  if ((which & 1) != 0 && header.index.offset < file.size())
    seal_entries(file, header.index.offset, std::min<uint64_t>(header.samples, 1000), false);
  auto hash_section = [&](Section& section) {
    if (section.offset > file.size() || section.bytes > file.size() - section.offset) return;
    section.hash = hash_of({reinterpret_cast<const uint8_t*>(file.data()) + section.offset, section.bytes});
  };
  if ((which & 2) != 0) {
    header.magic = kMagic;
    for (Section* section : {&header.index, &header.keys, &header.classes, &header.note}) hash_section(*section);
    if ((which & 4) != 0) header.file_bytes = file.size();
    seal(header);
    std::memcpy(file.data(), &header, sizeof header);
    if ((which & 8) != 0) std::memcpy(file.data() + file.size() - sizeof header, &header, sizeof header);
  }
  if ((which & 16) != 0) seal_entries(file, kPageBytes, 1, true);
}

void require(bool condition, const char* what) {
  if (condition) return;
  std::cerr << "violated: " << what << "\n";
  std::abort();
}

bool read_all(const fs::path& path) {
  try {
    auto index = open_shards(path);
    for (int64_t i = 0; i < std::min<int64_t>(index->size(), 300); ++i) {
      const SampleEntry entry = index->entry(i);
      require(entry.offset + entry.bytes <= index->files()[entry.file].bytes, "a sample lies in its file");
      index->describe(i);
    }
    index->classes();
    set_notes(path);
    return true;
  } catch (const DataError&) {
    return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  fit_checksums(bytes, data[0]);
  for (const auto& old : fs::directory_iterator(scratch_folder())) fs::remove(old.path());
  const fs::path shard = scratch_folder() / shard_name(0);
  {
    AppendFile file(shard, 0);
    file.append(bytes);
  }
  const VerifyOptions one{.threads = 1};
  const bool readable = read_all(shard);
  try {
    const VerifyResult verified = verify_shards(shard, one);
    const RepairResult repaired = repair_shards(scratch_folder(), one);
    require(repaired.repaired.empty() == verified.damages.empty(), "repair acts where verify complains");
    require(verify_shards(shard, one).damages.empty(), "what repair leaves is good");
    if (!repaired.repaired.empty()) {
      require(read_all(shard), "what repair leaves can be read");
      require(read_file(repaired.repaired.front().kept_as) == bytes, "the damaged shard is kept");
    }
  } catch (const DataError&) {
    require(!readable, "what can be read can be verified");
  }
  return 0;
}
