// One request for a file or the rest of one.
#include "hasten/loader/fetch/http.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/base/version.h"

namespace hasten {
namespace {

std::optional<uint64_t> http_number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

// "bytes 100-199/200": where the body begins and how large the whole is.
struct ContentRange {
  uint64_t begin = 0, total = 0;
};
std::optional<ContentRange> content_range_of(std::string_view text) {
  if (!text.starts_with("bytes ")) return {};
  text.remove_prefix(6);
  const size_t dash = text.find('-'), slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) return {};
  const std::optional<uint64_t> begin = http_number(text.substr(0, dash)), total = http_number(text.substr(slash + 1));
  if (!begin) return {};
  return ContentRange{*begin, total.value_or(0)};
}

// What arrives, as it arrives.
class HttpTransfer {
 public:
  HttpTransfer(const HttpRequest& request, const DownloadLimits& limits) : request_(request), limits_(limits) {}
  ~HttpTransfer() {
    if (descriptor_ >= 0) ::close(descriptor_);
    curl_slist_free_all(headers_);
  }
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  HttpResult run() {
    const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
    HASTEN_CHECK(curl != nullptr, "libcurl starts");
    curl_ = curl.get();
    set_up();
    const CURLcode code = curl_easy_perform(curl_);
    return judge(code);
  }

 private:
  void set_up() {
    const bool secure = request_.url.starts_with("https://");
    curl_easy_setopt(curl_, CURLOPT_URL, request_.url.c_str());
    curl_easy_setopt(curl_, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl_, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
    curl_easy_setopt(curl_, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl_, CURLOPT_MAXREDIRS, static_cast<long>(limits_.redirects));
    curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl_, CURLOPT_CONNECTTIMEOUT, static_cast<long>(limits_.connect_s));
    curl_easy_setopt(curl_, CURLOPT_LOW_SPEED_LIMIT, 1024L);
    curl_easy_setopt(curl_, CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits_.stall_s));
    curl_easy_setopt(curl_, CURLOPT_USERAGENT, agent_.c_str());
    curl_easy_setopt(curl_, CURLOPT_ERRORBUFFER, error_);
    curl_easy_setopt(curl_, CURLOPT_HEADERFUNCTION, &HttpTransfer::take_header);
    curl_easy_setopt(curl_, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &HttpTransfer::take_body);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, this);
    if (request_.offset == 0) return;
    // Not CURLOPT_RESUME_FROM: curl then refuses a server that sends the whole file, which is a good answer.
    headers_ = curl_slist_append(headers_, cat("Range: bytes=", request_.offset, "-").c_str());
    if (!request_.validator.empty())
      headers_ = curl_slist_append(headers_, ("If-Range: " + request_.validator).c_str());
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers_);
  }

  static size_t take_header(char* data, size_t size, size_t count, void* self) {
    static_cast<HttpTransfer*>(self)->header({data, size * count});
    return size * count;
  }
  void header(std::string_view line) {
    if (line.starts_with("HTTP/")) {  // of the next answer after a redirect
      etag_.clear();
      modified_.clear();
      range_.reset();
      length_ = 0;
      return;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::string_view value = trim(line.substr(colon + 1));
    if (name == "etag") etag_ = value;
    if (name == "last-modified") modified_ = value;
    if (name == "content-range") range_ = content_range_of(value);
    if (name == "content-length") length_ = http_number(value).value_or(0);
  }

  static size_t take_body(char* data, size_t size, size_t count, void* self) {
    return static_cast<HttpTransfer*>(self)->body({data, size * count}) ? size * count : CURL_WRITEFUNC_ERROR;
  }
  bool body(std::string_view bytes) {
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 && status != 206) return true;  // the text of an error: not kept
    if (!begun_ && !begin(status)) return false;
    if (at_ + bytes.size() > most_) return refuse(cat("expected at most ", most_, " bytes, the server sends more"));
    while (!bytes.empty()) {
      const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at_));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw_later(cat("cannot write: ", std::strerror(errno)));
      if (written < 0) return false;
      bytes.remove_prefix(static_cast<size_t>(written));
      at_ += static_cast<uint64_t>(written);
    }
    request_.on_bytes(at_, total_);
    return true;
  }
  // Where this answer's body belongs.
  bool begin(long status) {
    begun_ = true;
    if (status == 206) {
      if (!range_ || range_->begin != request_.offset)
        return refuse("the server sends another range than was asked for");
      at_ = request_.offset;
      total_ = range_->total;
      result_.resumed = request_.offset > 0;
    } else {
      at_ = 0;
      total_ = length_;
    }
    if (request_.expected_bytes != 0 && total_ != 0 && total_ != request_.expected_bytes)
      return refuse(cat("expected a file of ", request_.expected_bytes, " bytes, the server says ", total_));
    most_ = request_.expected_bytes != 0 ? request_.expected_bytes : limits_.most_bytes;
    if (total_ > most_) return refuse(cat("expected at most ", most_, " bytes, the server says ", total_));
    descriptor_ = ::open(request_.part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor_ < 0 || ::ftruncate(descriptor_, static_cast<off_t>(at_)) != 0) {
      throw_later(cat("cannot write: ", std::strerror(errno)));
      return false;
    }
    // Weak ETags say that two files mean the same, not that their bytes are the same.
    request_.on_begin(!etag_.empty() && !etag_.starts_with("W/") ? etag_ : modified_);
    return true;
  }
  bool refuse(const std::string& message) {
    refused_ = message;
    return false;
  }
  void throw_later(const std::string& message) { broken_disk_ = message; }  // not through curl's C code

  HttpResult judge(CURLcode code) {
    if (!broken_disk_.empty())
      throw DataError(request_.part.string(), "", broken_disk_, "free some space, or choose another folder with --to");
    long status = 0;
    curl_off_t wait = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl_, CURLINFO_RETRY_AFTER, &wait);
    result_.wait_s = static_cast<int64_t>(wait);
    result_.outcome = HttpOutcome::kGiveUp;
    if (!refused_.empty()) {
      result_.message = refused_;
    } else if (code == CURLE_TOO_MANY_REDIRECTS) {
      result_.message = cat("more than ", limits_.redirects, " redirects");
    } else if (code == CURLE_UNSUPPORTED_PROTOCOL) {
      result_.message = "it leads to an address that is neither http nor https, or from https to http";
    } else if (code == CURLE_URL_MALFORMAT) {
      result_.message = "it is no address";
    } else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
      result_.message = cat("its certificate is not good: ", reason(code));
    } else if (code != CURLE_OK) {
      result_.outcome = HttpOutcome::kTryAgain;
      result_.message =
          code == CURLE_OPERATION_TIMEDOUT ? cat("nothing came for ", limits_.stall_s, " s") : reason(code);
    } else if (status == 200 || status == 206) {
      return judge_end();
    } else if (status == 416) {
      result_.outcome = HttpOutcome::kTryAgain;
      result_.message = "what is here is longer than the file there";
      ::unlink(request_.part.c_str());
    } else {
      const bool busy = status == 408 || status == 425 || status == 429 || status >= 500;
      result_.outcome = busy ? HttpOutcome::kTryAgain : HttpOutcome::kGiveUp;
      result_.message = cat("the server says ", status);
    }
    return result_;
  }
  HttpResult judge_end() {
    result_.outcome = HttpOutcome::kTryAgain;
    const uint64_t expected = request_.expected_bytes != 0 ? request_.expected_bytes : total_;
    if (!begun_) {
      result_.message = "the server sent nothing";
    } else if (expected != 0 && at_ < expected) {
      result_.message = cat("it ended after ", at_, " of ", expected, " bytes");
    } else if (::fsync(descriptor_) != 0) {
      throw DataError(request_.part.string(), "", cat("cannot write: ", std::strerror(errno)));
    } else {
      result_.outcome = HttpOutcome::kDone;
    }
    return result_;
  }
  std::string reason(CURLcode code) const { return error_[0] != '\0' ? error_ : curl_easy_strerror(code); }

  const HttpRequest& request_;
  const DownloadLimits& limits_;
  CURL* curl_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::string agent_ = "hasten/" + version_text();
  char error_[CURL_ERROR_SIZE] = {};
  std::string etag_, modified_, refused_, broken_disk_;
  std::optional<ContentRange> range_;
  uint64_t length_ = 0, total_ = 0, most_ = 0, at_ = 0;
  int descriptor_ = -1;
  bool begun_ = false;
  HttpResult result_;
};

}  // namespace

HttpResult http_get(const HttpRequest& request, const DownloadLimits& limits) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  return HttpTransfer(request, limits).run();
}

}  // namespace hasten
