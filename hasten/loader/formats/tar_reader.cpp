// Tar archives, entry by entry (POSIX.1-2001, pax; GNU tar manual, "Basic Tar Format").
#include "hasten/loader/formats/tar_reader.h"

#include <algorithm>
#include <array>
#include <limits>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

constexpr size_t kTarBlock = 512;
constexpr uint64_t kLongestName = 1 << 16;
constexpr uint64_t kLargestPaxHeader = 1 << 20;
constexpr uint64_t kLargestEntry = uint64_t{1} << 48;

using TarBlock = std::array<uint8_t, kTarBlock>;

std::string tar_text(const TarBlock& block, size_t at, size_t most) {
  const auto begin = block.begin() + static_cast<ptrdiff_t>(at);
  return {begin, std::find(begin, begin + static_cast<ptrdiff_t>(most), uint8_t{0})};
}

// Octal digits, or with the highest bit set a big-endian number.
std::optional<uint64_t> tar_number(const TarBlock& block, size_t at, size_t length) {
  if ((block[at] & 0x80) != 0) {
    uint64_t value = block[at] & 0x7f;
    for (size_t i = 1; i < length; ++i) {
      if (value >> 55 != 0) return {};
      value = value << 8 | block[at + i];
    }
    return value;
  }
  uint64_t value = 0;
  size_t i = 0;
  while (i < length && block[at + i] == ' ') ++i;
  for (; i < length && block[at + i] >= '0' && block[at + i] <= '7'; ++i) {
    if (value >> 60 != 0) return {};
    value = value << 3 | static_cast<uint64_t>(block[at + i] - '0');
  }
  if (i < length && block[at + i] != 0 && block[at + i] != ' ') return {};
  return value;
}

bool has_good_checksum(const TarBlock& block) {
  const std::optional<uint64_t> stored = tar_number(block, 148, 8);
  if (!stored) return false;
  int64_t sum = 0, with_signs = 0;  // some old programs added up signed bytes
  for (size_t i = 0; i < kTarBlock; ++i) {
    const uint8_t byte = i >= 148 && i < 156 ? uint8_t{' '} : block[i];
    sum += byte;
    with_signs += static_cast<int8_t>(byte);
  }
  return static_cast<int64_t>(*stored) == sum || static_cast<int64_t>(*stored) == with_signs;
}

bool is_zero(const TarBlock& block) {
  return std::all_of(block.begin(), block.end(), [](uint8_t byte) { return byte == 0; });
}

std::optional<TarKind> kind_of(uint8_t type) {
  switch (type) {
    case '0':
    case '\0':
    case '7': return TarKind::kFile;
    case '1': return TarKind::kHardLink;
    case '2': return TarKind::kSymbolicLink;
    case '3':
    case '4':
    case '6': return TarKind::kDevice;
    case '5': return TarKind::kFolder;
    default: return {};
  }
}

}  // namespace

std::optional<std::string> safe_archive_name(const std::string& name) {
  if (name.empty() || name.front() == '/' || name.find('\0') != std::string::npos) return {};
  std::vector<std::string> kept;
  for (const std::string& part : split(name, '/')) {
    if (part == "..") return {};
    if (!part.empty() && part != ".") kept.push_back(part);
  }
  return join(kept, "/");
}

TarReader::TarReader(const std::filesystem::path& path, uint64_t limit) : stream_(path, limit) {}

void TarReader::finish_entry() {
  const uint64_t at = stream_.position(), rest = left_ + padding_;
  const uint64_t done = stream_.skip(rest);
  // Some programs leave out the padding after the last entry.
  if (done < left_)
    stream_.fail(at + done, cat("truncated: expected ", left_, " bytes more of this entry, got ", done));
  left_ = padding_ = 0;
}

size_t TarReader::read(std::span<uint8_t> out) {
  const size_t want = static_cast<size_t>(std::min<uint64_t>(out.size(), left_));
  stream_.read_exactly(out.first(want), "the content of an entry");
  left_ -= want;
  return want;
}

std::string TarReader::read_long_name(uint64_t header, uint64_t bytes) {
  if (bytes > kLongestName)
    stream_.fail(header, cat("expected a name of at most ", kLongestName, " bytes, got ", bytes));
  std::vector<uint8_t> name(bytes);
  stream_.read_exactly(name, "a long name");
  stream_.skip((kTarBlock - bytes % kTarBlock) % kTarBlock);
  return {name.begin(), std::find(name.begin(), name.end(), uint8_t{0})};
}

// Records "LENGTH KEY=VALUE\n"; the length counts itself.
void TarReader::read_pax(uint64_t header, uint64_t bytes, Extended& extended) {
  if (bytes > kLargestPaxHeader)
    stream_.fail(header, cat("expected a pax header of at most ", kLargestPaxHeader, " bytes, got ", bytes));
  std::vector<uint8_t> raw(bytes);
  stream_.read_exactly(raw, "a pax header");
  stream_.skip((kTarBlock - bytes % kTarBlock) % kTarBlock);
  std::string_view text(reinterpret_cast<const char*>(raw.data()), raw.size());
  const uint64_t start = header + kTarBlock;
  while (!text.empty()) {
    const uint64_t at = start + (bytes - text.size());
    uint64_t length = 0;
    size_t digits = 0;
    for (; digits < text.size() && digits < 9 && text[digits] >= '0' && text[digits] <= '9'; ++digits)
      length = length * 10 + static_cast<uint64_t>(text[digits] - '0');
    if (digits == 0 || length <= digits + 1 || length > text.size() || text[digits] != ' ' || text[length - 1] != '\n')
      stream_.fail(at, "expected a pax record \"LENGTH KEY=VALUE\"");
    const std::string_view record = text.substr(digits + 1, length - digits - 2);
    const size_t equals = record.find('=');
    if (equals == std::string_view::npos) stream_.fail(at, "expected a pax record \"LENGTH KEY=VALUE\"");
    const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key == "path") extended.name = std::string(value);
    if (key == "size") {
      uint64_t size = 0;
      if (value.empty() || value.size() > 15) stream_.fail(at, cat("expected a size, got \"", value, "\""));
      for (char c : value) {
        if (c < '0' || c > '9') stream_.fail(at, cat("expected a size, got \"", value, "\""));
        size = size * 10 + static_cast<uint64_t>(c - '0');
      }
      extended.bytes = size;
    }
    if (key.starts_with("GNU.sparse"))
      stream_.fail(at, "expected whole files, got a sparse one", "make the archive again without --sparse");
    text.remove_prefix(length);
  }
}

std::optional<TarEntry> TarReader::next() {
  finish_entry();
  Extended extended;
  while (!ended_) {
    TarBlock block;
    const uint64_t header = stream_.position();
    const size_t got = stream_.read(block);
    if (got == 0) break;
    if (got < kTarBlock) stream_.fail(header + got, cat("truncated: expected a header of 512 bytes, got ", got));
    if (is_zero(block)) break;
    if (!has_good_checksum(block))
      stream_.fail(header, "expected a header of a tar archive: its checksum does not fit");
    std::optional<uint64_t> bytes = tar_number(block, 124, 12);
    if (!bytes || *bytes > kLargestEntry) stream_.fail(header + 124, "expected the size of an entry");
    const uint8_t type = block[156];
    if (type == 'x') {
      read_pax(header, *bytes, extended);
    } else if (type == 'g') {
      Extended of_all;
      read_pax(header, *bytes, of_all);
      if (of_all.name || of_all.bytes) stream_.fail(header, "expected no name or size that holds for all entries");
    } else if (type == 'L') {
      extended.name = read_long_name(header, *bytes);
    } else if (type == 'K') {
      read_long_name(header, *bytes);  // where a link leads: links are refused by who finds one
    } else {
      const std::optional<TarKind> kind = kind_of(type);
      if (!kind)
        stream_.fail(header + 156, cat("expected a file, folder or link, got an entry of type ", int{type}),
                     "make the archive again with --format=ustar or --format=pax");
      TarEntry entry;
      entry.kind = *kind;
      entry.header = header;
      std::string name = tar_text(block, 0, 100);
      const bool ustar = tar_text(block, 257, 6) == "ustar" && block[262] == 0;
      if (const std::string prefix = ustar ? tar_text(block, 345, 155) : ""; !prefix.empty())
        name = prefix + "/" + name;
      name = extended.name.value_or(name);
      const std::optional<std::string> safe = safe_archive_name(name);
      if (!safe) stream_.fail(header, cat("the name \"", name, "\" leaves the folder"), "do not unpack this archive");
      entry.name = *safe;
      if (entry.name.empty() && entry.kind == TarKind::kFile) stream_.fail(header, "expected the name of a file");
      // Only files have content; some programs give links the size of what they point to.
      entry.bytes = entry.kind == TarKind::kFile ? extended.bytes.value_or(*bytes) : 0;
      entry.offset = stream_.position();
      left_ = entry.bytes;
      padding_ = (kTarBlock - entry.bytes % kTarBlock) % kTarBlock;
      return entry;
    }
  }
  ended_ = true;
  return {};
}

uint64_t TarReader::content_bytes() {
  while (next()) {}
  stream_.skip(std::numeric_limits<uint64_t>::max());
  return stream_.position();
}

bool begins_like_tar(const std::filesystem::path& path) {
  try {
    InputStream stream(path, 1 << 20);
    TarBlock block;
    return stream.read(block) == kTarBlock && !is_zero(block) && has_good_checksum(block);
  } catch (const DataError&) {
    return false;
  }
}

}  // namespace hasten
