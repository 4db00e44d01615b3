// One shard, with its index and tables mapped.
#include "hasten/loader/shards/mapped_shard.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/shards/set_files.h"

namespace hasten::shards {

MappedShard::MappedShard(std::filesystem::path path) : path_(std::move(path)), header_(read_header(path_)) {
  const int descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_system(path_, "cannot open", errno);
  map_bytes_ = header_.file_bytes - header_.index.offset;
  void* map = ::mmap(nullptr, map_bytes_, PROT_READ, MAP_SHARED, descriptor, static_cast<off_t>(header_.index.offset));
  const int code = errno;
  ::close(descriptor);
  if (map == MAP_FAILED) {
    throw DataError(
        path_.string(), "", cat("cannot map its index: ", std::strerror(code)),
        code == ENOMEM ? "a process may map 65,530 files (vm.max_map_count): pack with a larger --shard-size" : "");
  }
  map_ = static_cast<const uint8_t*>(map);
  ::madvise(map, map_bytes_, MADV_RANDOM);
}

MappedShard::~MappedShard() {
  if (map_) ::munmap(const_cast<uint8_t*>(map_), map_bytes_);
}

MappedShard::MappedShard(MappedShard&& other) noexcept
    : path_(std::move(other.path_)),
      header_(other.header_),
      map_(std::exchange(other.map_, nullptr)),
      map_bytes_(other.map_bytes_) {}

std::span<const uint8_t> MappedShard::section(const Section& section) const {
  return {map_ + (section.offset - header_.index.offset), section.bytes};
}

IndexEntry MappedShard::entry(uint64_t sample) const {
  IndexEntry entry;
  std::memcpy(&entry, map_ + sample * kEntryBytes, sizeof entry);
  if (auto defect = defect_of(entry, header_)) {
    throw DataError(path_.string(), cat("byte ", header_.index.offset + sample * kEntryBytes),
                    cat("sample ", sample, ": ", *defect), "hasten data repair mends it");
  }
  return entry;
}

std::optional<std::string> MappedShard::key(uint64_t sample) const { return string_at(section(header_.keys), sample); }

std::vector<std::string> MappedShard::classes() const {
  const std::span<const uint8_t> table = section(header_.classes);
  std::vector<std::string> names;
  if (table.empty()) return names;
  const uint64_t n = strings_in(table).value_or(0);
  for (uint64_t i = 0; i < n; ++i) {
    auto name = string_at(table, i);
    if (!name) break;
    names.push_back(std::move(*name));
  }
  if (names.empty() || names.size() != n)
    throw DataError(path_.string(), cat("byte ", header_.classes.offset), "the table of class names is broken",
                    "hasten data repair mends it");
  return names;
}

std::string MappedShard::note() const {
  const std::span<const uint8_t> text = section(header_.note);
  return {reinterpret_cast<const char*>(text.data()), text.size()};
}

}  // namespace hasten::shards
