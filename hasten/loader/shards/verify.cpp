// Checks every byte of packed sets.
#include "hasten/loader/shards/verify.h"

#include <algorithm>
#include <cstring>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/shards/ordered_work.h"
#include "hasten/loader/shards/set_files.h"

namespace hasten::shards {
namespace {

constexpr uint64_t kRunBytes = uint64_t{4} << 20;
constexpr size_t kRunEntries = 4096;

// Entries [begin, end) and the bytes from the end of the one before them to the end of the last, or to `until`.
struct Run {
  size_t begin = 0, end = 0;
  uint64_t from = 0, until = 0;
};
struct RunResult {
  Run run;
  std::vector<bool> good;
  std::vector<Damage> damages;
};

class RecordChecker {
 public:
  RecordChecker(const InputFile& file, const Survey& survey) : file_(file), survey_(survey) {
    at_ = survey.header ? survey.header->data_offset : kPageBytes;
  }

  // Runs follow each other in the file and leave nothing out: the last one ends where the index starts.
  std::optional<Run> next() {
    const size_t n = survey_.entries.size();
    if (done_) return std::nullopt;
    Run run{next_, next_, at_, at_};
    while (run.end < n && run.end - run.begin < kRunEntries && run.until - run.from < kRunBytes) {
      const auto& entry = survey_.entries[run.end++].entry;
      if (entry) run.until = std::max(run.until, std::min(entry->offset + entry->bytes, file_.size()));
    }
    next_ = run.end;
    if (next_ == n) {
      done_ = true;
      if (survey_.header) run.until = std::max(run.until, std::min(survey_.header->index.offset, file_.size()));
    }
    at_ = run.until;
    return run;
  }

  RunResult check(const Run& run) const {
    RunResult result{run, std::vector<bool>(run.end - run.begin, false), {}};
    uint64_t at = run.from;
    bool gap = false;  // of a sample that is lost: its bytes are anything
    std::vector<uint8_t> bytes;
    for (size_t i = run.begin; i < run.end; ++i) {
      const SurveyedEntry& surveyed = survey_.entries[i];
      if (!surveyed.entry) {
        gap = true;
        report(result, Place::kRecord, i, at, "it cannot be found: both its index entry and its frame are damaged");
        continue;
      }
      const IndexEntry& entry = *surveyed.entry;
      const uint64_t frame_at = entry.offset - kEntryBytes;
      if (frame_at < at || (!gap && frame_at != align_up(at, kRecordAlign)))
        report(result, Place::kIndex, i, entry.offset, cat("it does not start behind the sample before it, at ", at));
      if (frame_at < at) continue;
      if (!gap) check_zeros(result, at, frame_at, static_cast<int64_t>(i) - 1);
      result.good[i - run.begin] = check_record(result, i, entry, bytes);
      at = std::min(entry.offset + entry.bytes, file_.size());
      gap = false;
    }
    if (!gap) check_zeros(result, at, run.until, static_cast<int64_t>(run.end) - 1);
    return result;
  }

 private:
  void report(RunResult& result, Place place, size_t sample, uint64_t byte, std::string message) const {
    result.damages.push_back({file_.path(), place, static_cast<int64_t>(sample), byte, std::move(message), {}});
  }

  bool check_record(RunResult& result, size_t i, const IndexEntry& entry, std::vector<uint8_t>& bytes) const {
    try {
      file_.read(entry.offset - kEntryBytes, kEntryBytes + entry.bytes, bytes);
    } catch (const DataError& error) {
      report(result, Place::kRecord, i, entry.offset, std::string(error.what()));
      return false;
    }
    if (std::memcmp(bytes.data(), &entry, sizeof entry) != 0)
      report(result, Place::kFrame, i, entry.offset - kEntryBytes, "it is not what the index says");
    if (hash_of(std::span(bytes).subspan(kEntryBytes)) == entry.hash) return true;
    report(result, Place::kRecord, i, entry.offset, cat("its ", entry.bytes, " bytes do not have their checksum"));
    return false;
  }

  void check_zeros(RunResult& result, uint64_t begin, uint64_t end, int64_t after) const {
    if (begin >= end) return;
    auto damaged = [&](uint64_t byte, std::string message) {
      result.damages.push_back({file_.path(), Place::kPadding, after, byte, std::move(message), {}});
    };
    try {
      const std::vector<uint8_t> bytes = file_.read(begin, end - begin);
      const auto at = std::find_if(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte != 0; });
      if (at != bytes.end())
        damaged(begin + static_cast<uint64_t>(at - bytes.begin()), "a byte that no sample uses is not zero");
    } catch (const DataError& error) {
      damaged(begin, error.what());
    }
  }

  const InputFile& file_;
  const Survey& survey_;
  size_t next_ = 0;
  uint64_t at_ = 0;
  bool done_ = false;
};

// The order of the shards of a folder, from the headers that could be read.
void check_order(const FolderFiles& files, const std::vector<std::optional<ShardHeader>>& headers,
                 const std::filesystem::path& folder, VerifyResult& result) {
  for (const std::string& name : files.missing)
    result.damages.push_back({folder, Place::kSet, -1, 0, cat(name, " is missing, but later shards are there"), {}});
  std::vector<ShardHeader> known;
  for (const auto& header : headers) {
    if (header) known.push_back(*header);
  }
  if (!files.missing.empty() || known.size() != headers.size()) return;
  try {
    for (const PackSpan& pack : packs_of(files.shards, known)) {
      if (!pack.finished)
        result.notes.push_back(cat("the pack that starts with ", files.shards[pack.begin].filename().string(),
                                   " is not finished: it stands at sample ", known[pack.end - 1].pack_next, " of ",
                                   known[pack.end - 1].pack_total, ", and readers leave it out"));
    }
  } catch (const DataError& error) {
    result.damages.push_back({folder, Place::kSet, -1, 0, error.what(), {}});
  }
}

}  // namespace

std::vector<bool> check_records(const InputFile& file, Survey& survey, const VerifyOptions& options) {
  std::vector<bool> good(survey.entries.size(), false);
  RecordChecker checker(file, survey);
  std::vector<Damage> damages;
  const int threads = threads_or_all(options.threads);
  in_order<Run, RunResult>(
      threads, static_cast<size_t>(threads) * 2, [&] { return checker.next(); },
      [&](const Run& run) { return checker.check(run); },
      [&](RunResult&& result) {
        std::copy(result.good.begin(), result.good.end(), good.begin() + static_cast<std::ptrdiff_t>(result.run.begin));
        damages.insert(damages.end(), result.damages.begin(), result.damages.end());
        if (options.progress) options.progress(result.run.until, file.size());
        return !options.stop || !options.stop->load(std::memory_order_relaxed);
      });
  survey.damages.insert(survey.damages.end(), damages.begin(), damages.end());
  for (Damage& damage : survey.damages) {
    const auto sample = static_cast<uint64_t>(damage.sample);
    if (sample < survey.keys.size()) damage.name = survey.keys[sample].value_or("");
  }
  std::stable_sort(survey.damages.begin(), survey.damages.end(),
                   [](const Damage& a, const Damage& b) { return a.byte < b.byte; });
  return good;
}

VerifyResult verify_shards(const std::filesystem::path& path, const VerifyOptions& options) {
  VerifyResult result;
  FolderFiles files;
  const bool folder = std::filesystem::is_directory(path);
  if (folder) files = files_in(path);
  else files.shards = {path};
  if (files.shards.empty()) throw DataError(path.string(), "", "there are no shards in it");
  uint64_t all = 0, before = 0;
  for (const auto& shard : files.shards) all += InputFile(shard).size();
  std::vector<std::optional<ShardHeader>> headers;
  for (const auto& shard : files.shards) {
    const InputFile file(shard);
    Survey found = survey(file);
    VerifyOptions inner = options;
    inner.progress = [&](uint64_t bytes, uint64_t) {
      if (options.progress) options.progress(before + bytes, all);
    };
    check_records(file, found, inner);
    result.damages.insert(result.damages.end(), found.damages.begin(), found.damages.end());
    headers.push_back(found.header);
    ++result.shards;
    result.samples += found.entries.size();
    result.bytes += file.size();
    before += file.size();
    if (options.stop && options.stop->load(std::memory_order_relaxed)) {
      result.interrupted = true;
      return result;
    }
  }
  if (folder) {
    check_order(files, headers, path, result);
    for (const auto& partial : files.partials)
      result.notes.push_back(cat(partial.string(), " was left by a pack that was killed; the next pack removes it"));
    for (const auto& damaged : files.damaged)
      result.notes.push_back(cat(damaged.string(), " was kept by repair; remove it when it is not needed"));
  }
  return result;
}

}  // namespace hasten::shards
