// The files of a packed set.
#include "hasten/loader/shards/set_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/shards/shard_writer.h"

namespace hasten::shards {
namespace {

constexpr std::string_view kPrefix = "part-", kSuffix = ".shard", kDamagedSuffix = ".damaged";
constexpr size_t kDigits = 5, kNamedMissing = 100;

}  // namespace

void fail_system(const std::filesystem::path& path, const std::string& what, int code) {
  std::string hint;
  if (code == ENOSPC || code == EDQUOT || code == EFBIG)
    hint =
        "free some space or choose another folder; finished shards are kept, and the same command goes on after them";
  if (code == EACCES || code == EPERM || code == EROFS) hint = "check the permissions of the folder";
  if (code == EMFILE || code == ENFILE) hint = "raise the limit on open files (ulimit -n)";
  throw DataError(path.string(), "", what + ": " + std::strerror(code), hint);
}

void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // some file systems refuse; the rename itself is still atomic
  ::fsync(descriptor);
  ::close(descriptor);
}

std::string shard_name(uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return cat(kPrefix, digits, kSuffix);
}

std::optional<uint64_t> shard_number(const std::string& name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  uint64_t number = 0;
  const char* end = name.data() + name.size() - kSuffix.size();
  auto [stop, error] = std::from_chars(name.data() + kPrefix.size(), end, number);
  // One name for each number: "part-1.shard" is another file.
  if (error != std::errc() || stop != end || shard_name(number) != name) return std::nullopt;
  return number;
}

FolderFiles files_in(const std::filesystem::path& folder) {
  FolderFiles files;
  std::vector<std::pair<uint64_t, std::filesystem::path>> shards;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (auto number = shard_number(name)) shards.emplace_back(*number, at->path());
    auto is_shard_and = [&name](std::string_view suffix) {
      return name.ends_with(suffix) && shard_number(name.substr(0, name.size() - suffix.size()));
    };
    if (is_shard_and(kPartialSuffix)) files.partials.push_back(at->path());
    const size_t damaged = name.find(kDamagedSuffix);
    if (damaged != std::string::npos && shard_number(name.substr(0, damaged))) files.damaged.push_back(at->path());
  }
  if (error) fail_system(folder, "cannot list", error.value());
  std::sort(shards.begin(), shards.end());
  std::sort(files.partials.begin(), files.partials.end());
  std::sort(files.damaged.begin(), files.damaged.end());
  uint64_t next = 0;
  for (auto& [number, path] : shards) {
    // A number far off is one gap, not millions of names.
    for (; next < number && files.missing.size() < kNamedMissing; ++next) files.missing.push_back(shard_name(next));
    next = number + 1;
    files.shards.push_back(std::move(path));
  }
  return files;
}

void require_all(const FolderFiles& files, const std::filesystem::path& folder) {
  if (files.missing.empty()) return;
  throw DataError(folder.string(), files.missing.front(), "this shard is missing, but later ones are there",
                  "bring it back, or pack again into another folder");
}

ShardHeader read_header(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_system(path, "cannot open", errno);
  struct stat status {};
  ShardHeader header;
  const bool known = ::fstat(descriptor, &status) == 0;
  const ssize_t n = ::pread(descriptor, &header, sizeof header, 0);
  const int code = errno;
  ::close(descriptor);
  if (!known || n < 0) fail_system(path, "cannot read", code);
  if (n != static_cast<ssize_t>(sizeof header))
    throw DataError(path.string(), cat("byte ", n), "it ends within the header",
                    "hasten data repair can salvage a shard");
  if (auto defect = defect_of(header, static_cast<uint64_t>(status.st_size))) {
    throw DataError(
        path.string(), cat("byte ", defect->byte), defect->message,
        defect->hint.empty() ? "hasten data verify says what is damaged, hasten data repair mends it" : defect->hint);
  }
  return header;
}

std::vector<PackSpan> packs_of(const std::vector<std::filesystem::path>& shards,
                               const std::vector<ShardHeader>& headers) {
  std::vector<PackSpan> packs;
  for (size_t i = 0; i < headers.size(); ++i) {
    const ShardHeader& here = headers[i];
    const bool starts = packs.empty() || packs.back().finished;
    const uint64_t expected = starts ? 0 : headers[i - 1].pack_next;
    if (here.pack_first != expected || (!starts && here.pack != headers[i - 1].pack))
      throw DataError(shards[i].string(), cat("byte ", offsetof(ShardHeader, pack_first)),
                      cat("it does not follow the shard before it: it starts at sample ", here.pack_first,
                          " of its source, not at ", expected),
                      "a shard was lost, or came here from another set");
    if (starts) packs.push_back({i, i, false});
    packs.back().end = i + 1;
    packs.back().finished = here.pack_next == here.pack_total;
  }
  return packs;
}

}  // namespace hasten::shards
