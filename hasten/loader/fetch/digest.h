// Checksums of files as publishers give them: SHA-256 and MD5.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace hasten {

enum class DigestKind : uint8_t { kSha256, kMd5 };

// Hexadecimal, lower case. Throws DataError when the file cannot be read.
std::string file_digest(const std::filesystem::path& path, DigestKind kind);

}  // namespace hasten
