// The public data sets that can be fetched: where they are published, how large they are, how they are checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hasten {

struct KnownFile {
  std::string name;
  std::vector<std::string> urls;  // the same file at each; tried in this order
  uint64_t bytes = 0;             // 0: not known
  std::string sha256, md5;        // as published; empty where nobody did
};

enum class Archive : uint8_t { kNone, kTar, kZip };

struct KnownPart {
  std::string name;
  int64_t samples = 0;
};

struct KnownData {
  std::string name, summary, licence, home;
  std::vector<KnownFile> files;
  Archive archive = Archive::kNone;  // of the one file: its content is the data set
  std::string text;                  // of a text: the file that is it
  uint64_t text_bytes = 0;           // 0: not known
  std::vector<KnownPart> parts;      // of samples: what must be there in the end

  uint64_t download_bytes() const;
};

// Fashion-MNIST, MNIST, CIFAR-10, CIFAR-100, tiny Shakespeare, enwik8; then those of `more`, a JSON file of the form
// {"NAME": {"summary": ..., "licence": ..., "archive": "tar", "files": [{"name": ..., "urls": [...], "sha256": ...}]}}.
std::vector<KnownData> data_catalogue(const std::filesystem::path& more = {});
// Throws ConfigError with the names there are.
const KnownData& find_data(const std::vector<KnownData>& catalogue, const std::string& name);

}  // namespace hasten
