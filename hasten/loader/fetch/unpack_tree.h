// Files out of archives and folders of others into a folder of our own; nothing gets out of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

namespace hasten {

struct TreeLimits {
  uint64_t bytes = uint64_t{256} << 30;  // of all files, unpacked
  uint64_t files = 100'000'000;
};
using TreeProgress = std::function<void(uint64_t files, uint64_t bytes)>;

// Each makes `out`, which must not be there yet. Names that leave it, links, devices and names that come twice are
// refused with DataError; only files and folders are made, with usual permissions.
void unpack_tar(const std::filesystem::path& archive, const std::filesystem::path& out, const TreeLimits& limits,
                const TreeProgress& progress);
void unpack_zip(const std::filesystem::path& archive, const std::filesystem::path& out, const TreeLimits& limits,
                const TreeProgress& progress);
void copy_tree(const std::filesystem::path& folder, const std::filesystem::path& out, const TreeLimits& limits,
               const TreeProgress& progress);
// One file, unpacked when it is packed with gzip or zstd and `unpack` says so.
void copy_file_content(const std::filesystem::path& from, const std::filesystem::path& to, bool unpack,
                       const TreeLimits& limits);

// When all files lie in one folder within `tree`, that folder; else `tree`.
std::filesystem::path without_common_folder(const std::filesystem::path& tree);
// Makes what was written below `folder` durable, in one go.
void sync_tree(const std::filesystem::path& folder);

}  // namespace hasten
