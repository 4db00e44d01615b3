// One file from the network.
#include "hasten/loader/fetch/download.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/loader/fetch/digest.h"
#include "hasten/loader/fetch/http.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kProgressThatCounts = uint64_t{64} << 10;  // a server that drops after every byte is not waited for
constexpr int kMostTries = 200;
constexpr double kLongestWait = 30;

uint64_t size_of_part(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

class Download {
 public:
  Download(const KnownFile& file, const fs::path& folder, const DownloadLimits& limits, const ProgressSink& sink)
      : file_(file),
        target_(folder / file.name),
        part_(folder / (file.name + ".part")),
        origin_(folder / (file.name + ".part.json")),
        limits_(limits),
        sink_(sink) {}

  Checked run() {
    if (file_.bytes != 0 && size_of_part(part_) == file_.bytes) {  // killed when all had arrived
      if (const std::optional<Checked> checked = finish("what was here")) return *checked;
    }
    for (const std::string& url : file_.urls) {
      if (!url.starts_with("http://") && !url.starts_with("https://"))
        throw ConfigError("url", "an address that begins with http:// or https://", url);
      if (const std::optional<Checked> checked = fetch_from(url)) return *checked;
    }
    throw DataError(file_.name, "", "could not be fetched:" + failures_,
                    "try again later (what has arrived is kept), or take it from a copy with --from");
  }

 private:
  std::optional<Checked> fetch_from(const std::string& url) {
    int in_a_row = 0;
    uint64_t furthest = 0;
    for (int tries = 0; tries < kMostTries; ++tries) {
      const HttpResult result = http_get(request_for(url), limits_);
      if (result.outcome == HttpOutcome::kDone) {
        if (const std::optional<Checked> checked = finish(url)) return checked;
        if (result.resumed) continue;  // what was there before may have been of another file: once more, from the start
        return {};
      }
      if (result.outcome == HttpOutcome::kGiveUp) return give_up(url, result.message);
      // What has to begin anew each time makes no progress, however much arrives.
      const uint64_t there = size_of_part(part_);
      in_a_row = there >= furthest + kProgressThatCounts ? 1 : in_a_row + 1;
      furthest = std::max(furthest, there);
      if (in_a_row > limits_.retries) return give_up(url, result.message);
      wait(url, result, in_a_row);
    }
    return give_up(url, "it broke off again and again");
  }
  std::nullopt_t give_up(const std::string& url, const std::string& message) {
    failures_ += cat("\n  ", url, ": ", message);
    sink_({file_.name, 0, 0, cat(url, ": ", message)});
    return std::nullopt;
  }
  void wait(const std::string& url, const HttpResult& result, int in_a_row) const {
    double seconds = limits_.first_wait_s * static_cast<double>(1 << std::min(in_a_row - 1, 10));
    seconds = std::min(kLongestWait, std::max(seconds, static_cast<double>(result.wait_s)));
    sink_({file_.name, 0, 0, cat(url, ": ", result.message, "; again in ", fixed(seconds, 1), " s")});
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  }

  HttpRequest request_for(const std::string& url) const {
    HttpRequest request;
    request.url = url;
    request.part = part_;
    request.expected_bytes = file_.bytes;
    request.offset = size_of_part(part_);
    // What is there is gone on with if it came from here and can be compared, or if a checksum will tell.
    Json origin;
    try {
      if (fs::exists(origin_)) origin = read_json(origin_);
    } catch (const DataError&) {}  // cut off by a crash: as good as none
    const bool same =
        origin.is_object() && origin.value("url", Json()) == url && origin.value("validator", Json()).is_string();
    if (same) request.validator = origin["validator"].get<std::string>();
    const bool has_checksum = !file_.sha256.empty() || !file_.md5.empty();
    if (request.validator.empty() && !has_checksum) request.offset = 0;
    if (file_.bytes != 0 && request.offset >= file_.bytes) request.offset = 0;
    request.on_begin = [this, url](const std::string& validator) {
      write_file_atomic(origin_, Json({{"url", url}, {"validator", validator}}).dump() + "\n");
    };
    request.on_bytes = [this](uint64_t done, uint64_t total) { sink_({file_.name, done, total, ""}); };
    return request;
  }

  // What has arrived is the file, or is thrown away.
  std::optional<Checked> finish(const std::string& url) {
    std::error_code ignored;
    try {
      const Checked checked = check_file(file_, part_);
      fs::rename(part_, target_);
      fs::remove(origin_, ignored);
      return checked;
    } catch (const DataError& error) {
      fs::remove(part_, ignored);
      fs::remove(origin_, ignored);
      give_up(url, error.what());
      return {};
    }
  }

  const KnownFile& file_;
  fs::path target_, part_, origin_;
  const DownloadLimits& limits_;
  const ProgressSink& sink_;
  std::string failures_;
};

}  // namespace

Checked check_file(const KnownFile& file, const fs::path& path) {
  const uint64_t bytes = size_of_part(path);
  if (file.bytes != 0 && bytes != file.bytes)
    throw DataError(path.string(), "", cat("expected ", file.bytes, " bytes, got ", bytes));
  auto compare = [&](const std::string& expected, DigestKind kind, const char* name) {
    const std::string got = file_digest(path, kind);
    if (got != expected) throw DataError(path.string(), "", cat("expected ", name, " ", expected, ", got ", got));
  };
  if (!file.sha256.empty()) {
    compare(file.sha256, DigestKind::kSha256, "SHA-256");
    return Checked::kSha256;
  }
  if (!file.md5.empty()) {
    compare(file.md5, DigestKind::kMd5, "MD5");
    return Checked::kMd5;
  }
  return file.bytes != 0 ? Checked::kSize : Checked::kNothing;
}

Checked download(const KnownFile& file, const fs::path& folder, const DownloadLimits& limits,
                 const ProgressSink& sink) {
  return Download(file, folder, limits, sink).run();
}

}  // namespace hasten
