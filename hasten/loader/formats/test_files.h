// Folders and files that tests of formats make. For tests only.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/sample_index.h"

namespace hasten {

// A new folder that goes away with the object.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "hasten_formats_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::filesystem::path put(const std::string& name, const std::string& bytes) const {
    const std::filesystem::path path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

 private:
  std::filesystem::path path_;
};

// What looks like an image as far as formats look.
inline std::string fake_jpeg(const std::string& rest) { return "\xff\xd8\xff\xe0 " + rest; }
inline std::string fake_png(const std::string& rest) { return "\x89PNG\r\n\x1a\n" + rest; }

inline std::string gzipped(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}
inline std::string zstd_packed(const std::string& bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

// One entry of a tar archive with its padding; `type` as in the header.
inline std::string tar_entry(const std::string& name, const std::string& content, char type = '0') {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(100, 8, std::string("0000644\0", 8));
  char size[13];
  std::snprintf(size, sizeof size, "%011o", static_cast<unsigned>(content.size()));
  header.replace(124, 12, std::string(size, 12));
  header.replace(148, 8, "        ");
  header[156] = type;
  header.replace(257, 8, std::string("ustar\00000", 8));
  unsigned sum = 0;
  for (char c : header) sum += static_cast<uint8_t>(c);
  char text[9];
  std::snprintf(text, sizeof text, "%06o", sum);
  header.replace(148, 8, std::string(text, 7) + " ");
  return header + content + std::string((512 - content.size() % 512) % 512, '\0');
}
inline std::string tar_end() { return std::string(1024, '\0'); }

// An array as numpy writes it; `values` are its bytes.
inline std::string npy_of(const std::string& type, const std::string& shape, const std::string& values,
                          bool fortran = false) {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': (" + shape + "), }";
  header.append((64 - (10 + header.size() + 1) % 64) % 64, ' ');
  header += '\n';
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size() & 255) +
         static_cast<char>(header.size() >> 8) + header + values;
}

// The bytes of a sample, read as a loader would.
inline std::string record_of(const SampleIndex& index, int64_t sample) {
  const SampleEntry entry = index.entry(sample);
  const SampleFile& file = index.files().at(entry.file);
  if (file.unpack) {
    const UnpackedBytes bytes = file.unpack();
    const auto begin = bytes->begin() + static_cast<ptrdiff_t>(entry.offset);
    return {begin, begin + static_cast<ptrdiff_t>(entry.bytes)};
  }
  std::ifstream in(file.path, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(entry.offset));
  std::string bytes(entry.bytes, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}
inline SamplePayload payload_of(const SampleIndex& index, int64_t sample, const std::string& record) {
  return index.payload(sample, index.entry(sample), {reinterpret_cast<const uint8_t*>(record.data()), record.size()});
}
inline std::string text_of(std::span<const uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

// What the error says that the action ends with: "[where] ..." or "path, place: ...".
template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const DataError& error) {
    return error.what();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace hasten
