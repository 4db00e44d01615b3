// The bytes of a shard: digests, and checks that need nothing but the header.
#include "hasten/loader/shards/layout.h"

#include <cstring>
#include <string_view>

#include "hasten/base/hash.h"
#include "hasten/base/text.h"

namespace hasten::shards {
namespace {

constexpr size_t kDigestAt = offsetof(ShardHeader, digest);
constexpr size_t kCheckAt = offsetof(IndexEntry, check);

uint64_t word_at(std::span<const uint8_t> bytes, uint64_t at) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

// The sections follow each other: each starts where the one before it ends, at the next multiple of its alignment.
std::optional<Defect> layout_defect(const ShardHeader& header, uint64_t file_bytes) {
  struct Row {
    const char* name;
    size_t field;
    uint64_t offset, bytes, align;
  };
  const Row rows[] = {
      {"data", offsetof(ShardHeader, data_offset), header.data_offset, header.data_bytes, kPageBytes},
      {"index", offsetof(ShardHeader, index), header.index.offset, header.index.bytes, kPageBytes},
      {"keys", offsetof(ShardHeader, keys), header.keys.offset, header.keys.bytes, kRecordAlign},
      {"classes", offsetof(ShardHeader, classes), header.classes.offset, header.classes.bytes, kRecordAlign},
      {"note", offsetof(ShardHeader, note), header.note.offset, header.note.bytes, kRecordAlign},
  };
  const uint64_t end_of_sections = file_bytes - kHeaderBytes;
  uint64_t at = kHeaderBytes;
  for (const Row& row : rows) {
    if (row.offset > end_of_sections || row.offset != align_up(at, row.align))
      return Defect{row.field,
                    cat("the ", row.name, " should start at ", align_up(at, row.align), ", not ", row.offset)};
    if (row.bytes > end_of_sections - row.offset)
      return Defect{row.field + 8, cat("the ", row.name, " of ", row.bytes, " bytes at ", row.offset,
                                       " does not fit into a file of ", file_bytes)};
    at = row.offset + row.bytes;
  }
  if (align_up(at, kRecordAlign) != end_of_sections)
    return Defect{offsetof(ShardHeader, file_bytes),
                  cat("the sections end at ", at, ", the copy of the header starts at ", end_of_sections)};
  return std::nullopt;
}

}  // namespace

uint64_t hash_of(std::span<const uint8_t> bytes) {
  return hash64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

uint32_t key_hash_of(std::string_view key) { return static_cast<uint32_t>(hash64(key)); }

void seal(ShardHeader& header) { header.digest = hash_of(bytes_of(header).first(kDigestAt)); }
void seal(IndexEntry& entry) { entry.check = hash_of(bytes_of(entry).first(kCheckAt)); }
bool is_sealed(const ShardHeader& header) {
  return header.magic == kMagic && header.digest == hash_of(bytes_of(header).first(kDigestAt));
}
bool is_sealed(const IndexEntry& entry) { return entry.check == hash_of(bytes_of(entry).first(kCheckAt)); }

std::optional<Defect> defect_of(const ShardHeader& header, uint64_t file_bytes) {
  if (header.magic != kMagic) return Defect{0, "this is no shard: its first eight bytes are others", ""};
  if (!is_sealed(header)) return Defect{kDigestAt, "the header does not have the digest that it names", ""};
  if (header.version != kVersion)
    return Defect{offsetof(ShardHeader, version),
                  cat("version ", header.version, " of the format; this program reads ", kVersion),
                  "read it with a newer hasten"};
  if (uint64_t unknown = header.required_features & ~kKnownFeatures)
    return Defect{offsetof(ShardHeader, required_features),
                  cat("it needs the feature bits ", hex(unknown), ", which this program does not know"),
                  "read it with a newer hasten"};
  if (header.header_bytes != kHeaderBytes || header.entry_bytes != kEntryBytes)
    return Defect{offsetof(ShardHeader, entry_bytes), "sizes of header and entries are not those of version 1", ""};
  if (file_bytes != header.file_bytes || file_bytes < kPageBytes + kHeaderBytes)
    return Defect{offsetof(ShardHeader, file_bytes),
                  cat("the file has ", file_bytes, " bytes, its header says ", header.file_bytes), ""};
  if (header.samples > header.index.bytes / kEntryBytes || header.samples * kEntryBytes != header.index.bytes)
    return Defect{offsetof(ShardHeader, samples),
                  cat("an index of ", header.index.bytes, " bytes is not one of ", header.samples, " samples"), ""};
  if (header.pack_first > header.pack_next || header.pack_next > header.pack_total)
    return Defect{offsetof(ShardHeader, pack_first), "the samples of the source that it stands for run backwards", ""};
  if (header.keys.bytes != 0 && header.keys.bytes / 8 < header.samples + 1)
    return Defect{offsetof(ShardHeader, keys) + 8, "the keys are fewer than the samples", ""};
  return layout_defect(header, file_bytes);
}

std::optional<std::string> defect_of(const IndexEntry& entry, const ShardHeader& header) {
  if (!is_sealed(entry)) return "its index entry does not have the checksum that it names";
  const uint64_t end = header.data_offset + header.data_bytes;
  if (entry.offset < header.data_offset + kEntryBytes || entry.offset % kRecordAlign != 0 || entry.offset > end ||
      entry.bytes > end - entry.offset)
    return cat("its ", entry.bytes, " bytes at ", entry.offset, " do not lie in the data");
  return record_defect_of(entry);
}

std::optional<std::string> record_defect_of(const IndexEntry& entry) {
  if (entry.codec >= kCodecs) return cat("codec ", int{entry.codec}, ", which this program does not know");
  const Codec codec = static_cast<Codec>(entry.codec);
  if (codec == Codec::kRaw || codec == Codec::kPlanar) {
    // Two 32-bit sizes cannot overflow; times at most 255 they may, so the division comes first.
    const uint64_t pixels = uint64_t{entry.width} * entry.height;
    if (entry.channels == 0 || entry.bytes % entry.channels != 0 || entry.bytes / entry.channels != pixels)
      return cat("its ", entry.bytes, " bytes are not ", entry.width, " x ", entry.height, " x ", int{entry.channels});
  }
  const uint64_t unit = codec == Codec::kTokens16 ? 2 : codec == Codec::kTokens32 ? 4 : 1;
  if (entry.bytes % unit != 0) return cat("its ", entry.bytes, " bytes are no whole number of tokens");
  return std::nullopt;
}

SampleEntry sample_entry(const IndexEntry& entry) {
  return {.file = 0,
          .offset = entry.offset,
          .bytes = entry.bytes,
          .codec = static_cast<Codec>(entry.codec),
          .width = entry.width,
          .height = entry.height,
          .channels = entry.channels,
          .label = entry.label,
          .hash = entry.hash};
}

std::vector<uint8_t> string_table(const std::vector<std::string>& strings) {
  std::vector<uint8_t> table;
  auto add = [&table](uint64_t word) {
    const auto bytes = bytes_of(word);
    table.insert(table.end(), bytes.begin(), bytes.end());
  };
  add(strings.size());
  uint64_t at = 0;
  add(at);
  for (const std::string& text : strings) add(at += text.size());
  for (const std::string& text : strings) table.insert(table.end(), text.begin(), text.end());
  return table;
}

std::optional<uint64_t> strings_in(std::span<const uint8_t> table) {
  if (table.size() < 16) return std::nullopt;
  const uint64_t n = word_at(table, 0);
  return n <= table.size() / 8 - 2 ? std::optional(n) : std::nullopt;
}

std::optional<std::string> string_at(std::span<const uint8_t> table, uint64_t i) {
  const std::optional<uint64_t> n = strings_in(table);
  if (!n || i >= *n) return std::nullopt;
  const std::span<const uint8_t> text = table.subspan((*n + 2) * 8);
  const uint64_t begin = word_at(table, 8 + i * 8), end = word_at(table, 16 + i * 8);
  if (begin > end || end > text.size()) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(text.data()) + begin, end - begin);
}

}  // namespace hasten::shards
