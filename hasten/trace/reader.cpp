// Reads traces: pieces of text go from the file through the parser, what is incomplete waits for more.
#include "hasten/trace/reader.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/trace/parser.h"
#include "hasten/trace/source.h"

namespace hasten::trace {
namespace {

constexpr size_t kPadding = 128;                        // simdjson reads, and the parser writes, behind the text
constexpr size_t kLargestEntry = size_t{1} << 30;       // one event or metadata value

// Where to cut: behind the last line break, which cannot stand inside a string, so the index ends in a known state.
size_t cut_at(const char* text, size_t length) {
  const void* found = memrchr(text, '\n', length);
  return found == nullptr ? length : static_cast<size_t>(static_cast<const char*>(found) - text) + 1;
}

// Bytes of a mark at the begin of a text that say its encoding; refuses what is not UTF-8.
size_t byte_order_mark(std::string_view text, const std::filesystem::path& path) {
  if (text.starts_with("\xef\xbb\xbf")) return 3;
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    throw DataError(path.string(), "byte 0", "the text is UTF-16, and a trace is UTF-8", "iconv -f UTF-16 -t UTF-8");
  }
  return 0;
}

// Makes room for the rows that are likely to come, once there are some to tell from.
class Room {
 public:
  explicit Room(int64_t text_bytes) : text_bytes_(text_bytes) {}

  void make(Trace& trace, int64_t parsed_bytes) {
    constexpr size_t kEnough = 1000;
    constexpr double kMargin = 1.02;
    size_t fresh = trace.size() - rows_;
    rows_ = trace.size();
    if (rows_ < kEnough || trace.name.capacity() - rows_ > 2 * fresh) return;
    double times = static_cast<double>(text_bytes_) / static_cast<double>(parsed_bytes) * kMargin;
    if (times > kMargin) trace.reserve(times);
  }

 private:
  int64_t text_bytes_;
  size_t rows_ = 0;
};

}  // namespace

Trace read_trace(const std::filesystem::path& path, const ReadOptions& options) {
  Trace trace;
  trace.path = path;
  ByteSource source(path, std::min(options.piece_bytes, size_t{1} << 20));
  trace.file_bytes = source.file_bytes();
  TraceParser parser(trace);
  Room room(source.likely_bytes());
  std::vector<char> buffer(options.piece_bytes + kPadding);
  size_t held = 0;          // bytes in the buffer
  size_t wanted = options.piece_bytes;
  int64_t offset = 0;       // of the buffer's first byte in the text
  bool ended = false, torn_gzip = false;
  while (!ended) {
    while (held < wanted && !ended) {
      std::string_view block;
      try {
        block = source.next();
      } catch (const DataError&) {
        if (!options.accept_torn) throw;
        torn_gzip = true;
      }
      ended = block.empty();
      if (ended) break;
      if (held + block.size() + kPadding > buffer.size()) buffer.resize(held + block.size() + kPadding);
      std::memcpy(buffer.data() + held, block.data(), block.size());
      held += block.size();
    }
    if (offset == 0) {
      size_t mark = byte_order_mark({buffer.data(), held}, path);
      if (mark > 0) trace.repairs.add(Repair::kByteOrderMark, 0);
      offset = static_cast<int64_t>(mark);
      held -= mark;
      std::memmove(buffer.data(), buffer.data() + mark, held);
    }
    size_t cut = ended ? held : cut_at(buffer.data(), held);
    size_t used = parser.feed(buffer.data(), cut, offset, ended);
    if (used == 0 && cut < held) used = parser.feed(buffer.data(), held, offset, ended);
    offset += static_cast<int64_t>(used);
    held -= used;
    room.make(trace, offset);
    std::memmove(buffer.data(), buffer.data() + used, held);
    // An entry larger than a piece: take twice as much at once.
    wanted = used == 0 ? std::max(wanted, held) * 2 : std::max(options.piece_bytes, held + options.piece_bytes / 2);
    if (!ended && wanted > kLargestEntry) {
      throw DataError(path.string(), cat("byte ", offset), "one entry of the trace is larger than 1 GB");
    }
  }
  parser.finish(offset + static_cast<int64_t>(held), options.accept_torn);
  if (torn_gzip && trace.repairs.count(Repair::kTornEnd) == 0) trace.repairs.add(Repair::kTornEnd, offset);
  return trace;
}

std::vector<std::filesystem::path> find_traces(const std::vector<std::filesystem::path>& paths,
                                               const std::string& flag) {
  std::vector<std::filesystem::path> found;
  for (const auto& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      if (!std::filesystem::exists(path, error))
        throw ConfigError(flag, "a file or a folder", "'" + path.string() + "', which does not exist");
      found.push_back(path);
      continue;
    }
    std::vector<std::filesystem::path> inside;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      std::string name = entry.path().filename().string();
      if (entry.is_regular_file() && (name.ends_with(".json") || name.ends_with(".json.gz")))
        inside.push_back(entry.path());
    }
    if (inside.empty()) {
      throw ConfigError(flag, "traces (*.json, *.json.gz) in the folder", "'" + path.string() + "', which has none");
    }
    std::sort(inside.begin(), inside.end());
    found.insert(found.end(), inside.begin(), inside.end());
  }
  if (found.empty()) throw ConfigError(flag, "a file or a folder", "nothing");
  return found;
}

void for_each_file(size_t count, int threads, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::exception_ptr error;
  size_t error_at = count;
  auto run = [&] {
    for (size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        std::lock_guard lock(mutex);
        if (i < error_at) {
          error_at = i;
          error = std::current_exception();
        }
      }
    }
  };
  size_t most = threads > 0 ? static_cast<size_t>(threads) : std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> pool;
  for (size_t i = 1; i < std::min(most, count); ++i) pool.emplace_back(run);
  run();
  for (std::thread& thread : pool) thread.join();
  if (error) std::rethrow_exception(error);
}

}  // namespace hasten::trace
