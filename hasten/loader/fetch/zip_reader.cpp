// Zip archives (PKWARE: .ZIP File Format Specification 6.3).
#include "hasten/loader/fetch/zip_reader.h"

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/byte_order.h"
#include "hasten/loader/formats/tar_reader.h"

namespace hasten {
namespace {

constexpr uint32_t kZipLocal = 0x04034b50, kZipCentral = 0x02014b50, kZipEnd = 0x06054b50;
constexpr uint64_t kZipLocalBytes = 30, kZipCentralBytes = 46, kZipEndBytes = 22, kLongestZipComment = 65535;
constexpr uint32_t kZip64 = 0xffffffff;
constexpr size_t kZipPiece = size_t{1} << 16;

// Where the central directory is: the last record that says so.
struct ZipDirectory {
  uint64_t offset = 0, bytes = 0, entries = 0;
};
ZipDirectory find_directory(const InputFile& file) {
  if (file.size() < kZipEndBytes) fail_at_byte(file.path(), file.size(), "truncated: expected a zip archive");
  const uint64_t length = std::min(file.size(), kZipEndBytes + kLongestZipComment);
  const uint64_t start = file.size() - length;
  const std::vector<uint8_t> tail = file.read(start, length);
  for (size_t at = tail.size() - kZipEndBytes + 1; at-- > 0;) {
    if (le32(&tail[at]) != kZipEnd || at + kZipEndBytes + le16(&tail[at + 20]) != tail.size()) continue;
    const ZipDirectory found{le32(&tail[at + 16]), le32(&tail[at + 12]), le16(&tail[at + 10])};
    if (found.offset == kZip64 || found.entries == 0xffff)
      fail_at_byte(file.path(), start + at, "expected a zip archive below 4 GiB, got the form for larger ones",
                   "unpack it, and name the folder with --from");
    if (found.offset > start + at || found.bytes > start + at - found.offset)
      fail_at_byte(file.path(), start + at, "expected the list of files in front of its end");
    return found;
  }
  fail_at_byte(file.path(), file.size(), "truncated: expected the list of files of a zip archive");
}

}  // namespace

ZipReader::ZipReader(const std::filesystem::path& path) : file_(path) {
  const ZipDirectory directory = find_directory(file_);
  const std::vector<uint8_t> list = file_.read(directory.offset, directory.bytes);
  size_t at = 0;
  for (uint64_t e = 0; e < directory.entries; ++e) {
    const uint64_t place = directory.offset + at;
    if (list.size() - at < kZipCentralBytes || le32(&list[at]) != kZipCentral)
      fail_at_byte(path, place, "expected an entry of the list of files");
    const uint8_t* head = &list[at];
    const size_t name_bytes = le16(head + 28), more = size_t{le16(head + 30)} + le16(head + 32);
    if (list.size() - at - kZipCentralBytes < name_bytes + more)
      fail_at_byte(path, place, "expected the name of a file");
    const std::string name(head + kZipCentralBytes, head + kZipCentralBytes + name_bytes);
    const std::optional<std::string> safe = safe_archive_name(name);
    if (!safe || name.find('\\') != std::string::npos)
      fail_at_byte(path, place, cat("the name \"", name, "\" leaves the folder"), "do not unpack this archive");
    at += kZipCentralBytes + name_bytes + more;
    const uint32_t mode = le32(head + 38) >> 16;
    const bool from_unix = head[5] == 3;
    if (name.ends_with('/') || (from_unix && S_ISDIR(mode))) continue;
    if (from_unix && (mode & S_IFMT) != 0 && !S_ISREG(mode))
      fail_at_byte(path, place, cat("expected files, got the link or device \"", name, "\""),
                   "do not unpack this archive");
    const uint16_t method = le16(head + 10);
    if ((le16(head + 8) & 1) != 0 || (method != 0 && method != 8))
      fail_at_byte(path, place, cat("expected a file that is stored or deflated, got method ", method),
                   "unpack it, and name the folder with --from");
    ZipEntry entry{*safe, le32(head + 24), le32(head + 20), le32(head + 42), le32(head + 16), method == 8};
    if (entry.bytes == kZip64 || entry.packed_bytes == kZip64 || entry.header == kZip64)
      fail_at_byte(path, place, "expected files below 4 GiB", "unpack it, and name the folder with --from");
    entries_.push_back(std::move(entry));
  }
}

uint64_t ZipReader::data_of(const ZipEntry& entry) const {
  const std::vector<uint8_t> head = file_.read(entry.header, kZipLocalBytes);
  if (le32(head.data()) != kZipLocal) fail_at_byte(file_.path(), entry.header, "expected the header of a file");
  const uint64_t data = entry.header + kZipLocalBytes + le16(&head[26]) + le16(&head[28]);
  if (data > file_.size() || entry.packed_bytes > file_.size() - data)
    fail_at_byte(file_.path(), entry.header, cat("truncated: expected ", entry.packed_bytes, " bytes of ", entry.name));
  return data;
}

void ZipReader::read(const ZipEntry& entry, const std::function<void(std::span<const uint8_t>)>& take) const {
  const uint64_t data = data_of(entry);
  std::vector<uint8_t> input(kZipPiece), output(kZipPiece);
  uint64_t done = 0;
  uint32_t crc = 0;
  auto give = [&](std::span<const uint8_t> bytes) {
    done += bytes.size();
    if (done > entry.bytes)
      fail_at_byte(file_.path(), entry.header, cat("expected ", entry.bytes, " bytes of ", entry.name, ", got more"));
    crc = static_cast<uint32_t>(crc32(crc, bytes.data(), static_cast<uInt>(bytes.size())));
    take(bytes);
  };
  z_stream stream{};
  if (entry.deflated) HASTEN_CHECK(inflateInit2(&stream, -MAX_WBITS) == Z_OK, "zlib does not start");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(entry.deflated ? &stream : nullptr, inflateEnd);
  int code = Z_OK;
  for (uint64_t at = 0; at < entry.packed_bytes && code == Z_OK;) {
    const auto here = static_cast<size_t>(std::min<uint64_t>(input.size(), entry.packed_bytes - at));
    file_.read(data + at, std::span(input).first(here));
    at += here;
    if (!entry.deflated) {
      give(std::span(input).first(here));
      continue;
    }
    stream.next_in = input.data();
    stream.avail_in = static_cast<uInt>(here);
    do {
      stream.next_out = output.data();
      stream.avail_out = static_cast<uInt>(output.size());
      code = inflate(&stream, Z_NO_FLUSH);
      if (code == Z_BUF_ERROR) code = Z_OK;  // nothing more to do with this input
      if (code != Z_OK && code != Z_STREAM_END) fail_at_byte(file_.path(), data + at, "damaged compressed data");
      give(std::span(output).first(output.size() - stream.avail_out));
    } while (code == Z_OK && stream.avail_out == 0);
  }
  if (done != entry.bytes || crc != entry.crc)
    fail_at_byte(file_.path(), entry.header,
                 cat("expected ", entry.bytes, " bytes of ", entry.name, " with another checksum, got ", done));
}

bool begins_like_zip(const std::filesystem::path& path) {
  try {
    InputFile file(path);
    std::array<uint8_t, 4> first{};
    return file.read_some(0, first) == first.size() && le32(first.data()) == kZipLocal;
  } catch (const DataError&) {
    return false;
  }
}

}  // namespace hasten
