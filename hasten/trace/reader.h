// Reads a Kineto (Chrome) trace in one pass over pieces of the file: memory is what the columns need, not the file's size.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "hasten/trace/trace.h"

namespace hasten::trace {

struct ReadOptions {
  bool accept_torn = false;  // a file that ends too early: keep the complete events, count the torn one
  size_t piece_bytes = 1 << 20;  // how much text is indexed at once
};

// Throws DataError, with the byte offset in the (inflated) text, for what is not a trace: torn, not JSON, no traceEvents.
// Smaller faults are mended and counted in Trace::repairs.
Trace read_trace(const std::filesystem::path& path, const ReadOptions& options = {});

// The traces that a command line names: files as they are, folders searched (not below) for *.json and *.json.gz.
// Throws ConfigError when nothing is there; `flag` is what it says they were given to.
std::vector<std::filesystem::path> find_traces(const std::vector<std::filesystem::path>& paths,
                                               const std::string& flag = "--trace");

// Calls work(0) to work(count - 1), several at once (threads; 0: as many as cores). When some throw, the first file's error
// is thrown, whatever the threads' order.
void for_each_file(size_t count, int threads, const std::function<void(size_t)>& work);

}  // namespace hasten::trace
