// Everything that is found in one rank's trace, and the ranks together.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hasten/trace/critical_path.h"
#include "hasten/trace/kernels.h"
#include "hasten/trace/memory_timeline.h"
#include "hasten/trace/operators.h"
#include "hasten/trace/partition.h"
#include "hasten/trace/path_graph.h"
#include "hasten/trace/ranks.h"
#include "hasten/trace/reader.h"
#include "hasten/trace/streams.h"
#include "hasten/trace/temporal.h"
#include "hasten/trace/view.h"

namespace hasten::trace {

struct AnalysisOptions {
  ViewOptions view;
  ReadOptions read;
  int64_t consecutive_ns = 30'000;  // a shorter gap between kernels that were launched in time is the device's own
  int32_t queue_full = 1024;
  std::string pattern;  // operators whose kernel sequences are counted; "": none
  std::optional<PathOptions> hta_path;  // with HTA's semantics: its critical path
  int threads = 0;  // 0: as many as cores
};

struct RankAnalysis {
  std::unique_ptr<Trace> trace;  // without its times, which are the view's
  View view;
  int rank = 0;
  bool rank_in_file = false;
  std::optional<Temporal> temporal;
  std::optional<Partition> partition;  // not with HTA's rounded times
  std::vector<StreamIdle> idle;
  std::vector<TypeShare> kernel_types;
  std::vector<KernelRow> kernels;
  std::vector<OperatorRow> operators;
  std::vector<AnnotationRow> annotations;
  LaunchStats launches;
  std::vector<StreamQueue> queues;
  std::vector<CopyRow> copies;
  std::vector<DeviceMemory> memory;
  std::vector<PatternRow> patterns;
  std::vector<CounterRow> counters;
  int64_t unmatched_counters = 0;  // left out, since there are not as many launches of kernels
  std::optional<CriticalPath> path;
  std::optional<PathGraph> hta_path;
  int64_t outlasting = 0;  // host events that end after the event around them
  int64_t shared_correlations = 0;  // device events that share a launch with others (graphs)
};

struct Analysis {
  AnalysisOptions options;
  std::vector<RankAnalysis> ranks;  // by rank
  Partition overall;  // parts summed over the ranks; its wall is the sum of theirs
  Ranks collectives;  // more than one rank
};

// Reads and analyses the files, several at a time.
Analysis analyze_traces(const std::vector<std::filesystem::path>& paths, const AnalysisOptions& options);
RankAnalysis analyze_trace(std::unique_ptr<Trace> trace, const AnalysisOptions& options);

}  // namespace hasten::trace
