// For tests: the shared traces with the values that other tools give for them, and small traces written by hand.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "hasten/base/json.h"
#include "hasten/base/shared_data.h"
#include "hasten/base/text.h"
#include "hasten/trace/reader.h"
#include "hasten/trace/view.h"

namespace hasten::trace {

inline std::filesystem::path shared_traces() { return shared_data("traces"); }

inline const Json& oracle() {
  static const Json expected = read_json(shared_traces() / "expected.json");
  return expected;
}

// A trace as HTA reads it.
inline View hta_view(const Trace& trace) { return make_view(trace, {.semantics = Semantics::kHta}); }

// A file of this process that is gone when the object is.
class TestFile {
 public:
  explicit TestFile(const std::string& content, const std::string& name = "trace.json")
      : path_(std::filesystem::temp_directory_path() / cat("hasten_", ::getpid(), "_", next_number(), "_", name)) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TestFile() { std::filesystem::remove(path_); }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  static int next_number() {
    static int number = 0;
    return ++number;
  }
  std::filesystem::path path_;
};

// Events of a trace, times in microseconds as a trace has them.
class TraceText {
 public:
  TraceText& event(const std::string& cat_, const std::string& name, const std::string& lane, double ts, double dur,
                   const std::string& args = "") {
    return raw(cat("{\"ph\": \"X\", \"cat\": \"", cat_, "\", \"name\": ", Json(name).dump(), ", \"pid\": 1, \"tid\": ",
                   lane, ", \"ts\": ", number(ts), ", \"dur\": ", number(dur), ", \"args\": {", args, "}}"));
  }
  TraceText& op(const std::string& name, double ts, double dur, const std::string& lane = "1") {
    return event("cpu_op", name, lane, ts, dur);
  }
  TraceText& step(int number, double ts, double dur) {
    return event("user_annotation", cat("ProfilerStep#", number), "1", ts, dur);
  }
  TraceText& call(const std::string& name, double ts, double dur, int correlation, const std::string& lane = "1") {
    return event("cuda_runtime", name, lane, ts, dur, cat("\"correlation\": ", correlation));
  }
  TraceText& work(const std::string& cat_, const std::string& name, int stream, double ts, double dur, int correlation,
                  const std::string& more = "") {
    return event(cat_, name, std::to_string(stream), ts, dur,
                 cat("\"device\": 0, \"stream\": ", stream, ", \"correlation\": ", correlation, more));
  }
  // A launch call and the kernel that it starts.
  TraceText& launch(const std::string& kernel, double call_ts, double call_dur, double ts, double dur, int stream = 7) {
    ++correlation_;
    call("cudaLaunchKernel", call_ts, call_dur, correlation_);
    return work("kernel", kernel, stream, ts, dur, correlation_);
  }
  TraceText& raw(const std::string& json) {
    events_ += (events_.empty() ? "" : ",\n") + json;
    return *this;
  }
  TraceText& meta(const std::string& json) {
    meta_ += json + ", ";
    return *this;
  }
  std::string text() const { return "{" + meta_ + "\"traceEvents\": [\n" + events_ + "\n]}\n"; }
  Trace read(const ReadOptions& options = {}) const {
    TestFile file(text());
    return read_trace(file.path(), options);
  }

 private:
  std::string events_, meta_;
  int correlation_ = 1000;
};

}  // namespace hasten::trace

#define HASTEN_NEEDS_SHARED_TRACES() HASTEN_NEEDS_SHARED("traces/expected.json")
