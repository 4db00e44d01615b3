// Files in the safetensors layout: an 8-byte length, a JSON header with names, types, shapes and places, raw tensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hasten/base/json_fwd.h"

namespace hasten {

struct StoredTensor {
  std::string type;  // "F32", "BF16", "I64", ...
  std::vector<int64_t> shape;
  std::string_view bytes;  // little-endian values, in the file
};

class SafetensorsFile {
 public:
  // Verifies the whole layout before anything is handed out. Throws DataError with the byte: truncated, a header that
  // is too long or not as the format says, types it does not have, tensors that are not as long as their shape, that
  // overlap or leave gaps.
  SafetensorsFile(std::filesystem::path path, std::string bytes);
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::string_view bytes() const { return *bytes_; }
  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const StoredTensor* find(const std::string& name) const;
  std::string metadata_or(const std::string& key, std::string otherwise) const;

 private:
  std::filesystem::path path_;
  std::unique_ptr<const std::string> bytes_;  // at an address that outlives a move: tensors look into it
  std::map<std::string, StoredTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

// Collects tensors; file() is what to write. Names are unique.
class SafetensorsWriter {
 public:
  SafetensorsWriter();
  ~SafetensorsWriter();
  void add(const std::string& name, std::string_view type, const std::vector<int64_t>& shape, std::string_view bytes);
  bool holds(const std::string& name) const { return names_.contains(name); }
  std::string file(const std::vector<std::pair<std::string, std::string>>& metadata) const;

 private:
  std::set<std::string> names_;
  std::unique_ptr<Json> header_;  // in the order of the data
  std::string data_;
};

}  // namespace hasten
