// One request for a file or the rest of one, by libcurl.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "hasten/loader/fetch/download.h"

namespace hasten {

struct HttpRequest {
  std::string url;
  std::filesystem::path part;      // what arrives is appended here
  uint64_t offset = 0;             // how much of it is there
  std::string validator;           // ETag or date of what is there; without one, only a checksum tells
  uint64_t expected_bytes = 0;     // of the whole file; 0: not known
  // Told before the first byte is written: what identifies the file at this address, and whether it begins anew.
  std::function<void(const std::string& validator)> on_begin;
  std::function<void(uint64_t done, uint64_t total)> on_bytes;
};

enum class HttpOutcome : uint8_t {
  kDone,
  kTryAgain,   // broke off, stalled, or the server is busy
  kGiveUp,     // this address does not have it
};

struct HttpResult {
  HttpOutcome outcome = HttpOutcome::kTryAgain;
  std::string message;      // what went wrong
  int64_t wait_s = 0;       // that the server asks for
  bool resumed = false;     // it went on where the part ended
};

HttpResult http_get(const HttpRequest& request, const DownloadLimits& limits);

}  // namespace hasten
