// What a format is to the rest: how to know it, which parts it has, how to open one. Formats are listed in open.cpp.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/loader/formats/part_names.h"
#include "hasten/loader/sample_index.h"

namespace hasten {

struct SampleFormat {
  std::string_view name;
  std::string_view summary;  // for messages and `hasten data`
  // Looks at names and first bytes of a file or folder; never throws for data of another format.
  bool (*recognises)(const std::filesystem::path& path);
  // The parts within one file or folder; those that are folders of their own are found for all formats alike.
  FoundParts (*parts)(const std::filesystem::path& path);
  // One of parts(path).names(). Throws ConfigError for another part, DataError for damaged data.
  std::unique_ptr<SampleIndex> (*open)(const std::filesystem::path& path, const std::string& part);
};

inline FoundParts no_parts(const std::filesystem::path&) { return {}; }

SampleFormat beton_format();
SampleFormat cifar_format();
SampleFormat idx_format();
SampleFormat image_folder_format();
SampleFormat mds_format();
SampleFormat npy_images_format();
SampleFormat shards_format();
SampleFormat tar_format();
SampleFormat text_format();

// Folders below `path` that are called like parts, in the order of their names: "train", "val", "test".
std::vector<std::filesystem::path> part_folders(const std::filesystem::path& path);
// Names of what lies in a folder, sorted by their bytes; folders end with '/'. Throws DataError.
std::vector<std::string> sorted_listing(const std::filesystem::path& folder);

}  // namespace hasten
