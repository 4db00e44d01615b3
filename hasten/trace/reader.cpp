// Reads traces: pieces of text go from the file through the parser, what is incomplete waits for more.
#include "hasten/trace/reader.h"

#include <algorithm>
#include <cstring>

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

}  // namespace

Trace read_trace(const std::filesystem::path& path, const ReadOptions& options) {
  Trace trace;
  trace.path = path;
  ByteSource source(path);
  trace.file_bytes = source.file_bytes();
  TraceParser parser(trace);
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
    size_t cut = ended ? held : cut_at(buffer.data(), held);
    size_t used = parser.feed(buffer.data(), cut, offset, ended);
    if (used == 0 && cut < held) used = parser.feed(buffer.data(), held, offset, ended);
    offset += static_cast<int64_t>(used);
    held -= used;
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

std::vector<std::filesystem::path> find_traces(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::filesystem::path> found;
  for (const auto& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      if (!std::filesystem::exists(path, error))
        throw ConfigError("--trace", "a file or a folder", "'" + path.string() + "', which does not exist");
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
      throw ConfigError("--trace", "traces (*.json, *.json.gz) in the folder",
                        "'" + path.string() + "', which has none");
    }
    std::sort(inside.begin(), inside.end());
    found.insert(found.end(), inside.begin(), inside.end());
  }
  if (found.empty()) throw ConfigError("--trace", "a file or a folder", "nothing");
  return found;
}

}  // namespace hasten::trace
