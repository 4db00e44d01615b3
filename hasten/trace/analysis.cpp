// Everything that is found in traces.
#include "hasten/trace/analysis.h"

#include <algorithm>

namespace hasten::trace {
namespace {

int64_t shared_launches(const View& view) {
  std::vector<int32_t> by_launch(view.size());
  for (size_t i = 0; i < view.size(); ++i) {
    if (view.device[i] != 0 && view.partner[i] >= 0) ++by_launch[static_cast<size_t>(view.partner[i])];
  }
  int64_t shared = 0;
  for (int32_t count : by_launch) shared += count > 1 ? count : 0;
  return shared;
}

void number_ranks(std::vector<RankAnalysis>& ranks) {
  std::vector<int> said;
  std::vector<std::filesystem::path> paths;
  for (const RankAnalysis& rank : ranks) {
    said.push_back(rank.trace->rank());
    paths.push_back(rank.trace->path);
  }
  std::vector<int> numbers = assign_ranks(said, paths);
  for (size_t i = 0; i < ranks.size(); ++i) {
    ranks[i].rank = numbers[i];
    ranks[i].rank_in_file = numbers[i] == said[i];
  }
  std::stable_sort(ranks.begin(), ranks.end(),
                   [](const RankAnalysis& a, const RankAnalysis& b) { return a.rank < b.rank; });
}

}  // namespace

RankAnalysis analyze_trace(std::unique_ptr<Trace> trace, const AnalysisOptions& options) {
  RankAnalysis result;
  result.trace = std::move(trace);
  result.view = make_view(*result.trace, options.view);
  result.trace->forget_times();
  const View& view = result.view;
  bool hta = options.view.semantics == Semantics::kHta;
  int64_t consecutive = hta                 ? options.consecutive_ns / 1000
                        : view.tick_ns == 0 ? options.consecutive_ns * 1000
                                            : options.consecutive_ns;
  result.temporal = temporal_breakdown(view);
  result.idle = idle_by_stream(view, consecutive);
  result.kernel_types = kernel_type_shares(view);
  result.kernels = hta ? kernels_like_hta(view) : kernels_by_name(view);
  {
    HostNesting nesting = nest_host_events(view);
    result.operators = operators(view, nesting);
    result.annotations = annotations(view, nesting);
    result.outlasting = nesting.outlasting;
  }
  result.launches = launch_stats(view);
  result.queues = queue_lengths(view, options.queue_full);
  result.copies = copies(view);
  result.memory = memory_of(*result.trace);
  result.counters = counters_with_operators(view);
  if (result.counters.empty()) {
    for (size_t i = 0; i < view.size(); ++i) result.unmatched_counters += view.kind(i) == Category::kProfilerRange;
  }
  if (!options.pattern.empty()) result.patterns = frequent_patterns(view, options.pattern);
  result.shared_correlations = shared_launches(view);
  if (hta) {
    if (options.hta_path) result.hta_path = hta_critical_path(view, *options.hta_path);
  } else {
    result.partition = partition_time(view);
    result.path = critical_path(view);
  }
  return result;
}

Analysis analyze_traces(const std::vector<std::filesystem::path>& paths, const AnalysisOptions& options) {
  Analysis analysis;
  analysis.options = options;
  analysis.ranks.resize(paths.size());
  for_each_file(paths.size(), options.threads, [&](size_t i) {
    analysis.ranks[i] = analyze_trace(std::make_unique<Trace>(read_trace(paths[i], options.read)), options);
  });
  number_ranks(analysis.ranks);
  for (const RankAnalysis& rank : analysis.ranks) {
    if (!rank.partition) continue;
    for (size_t k = 0; k < kPartCount; ++k) analysis.overall.ns[k] += rank.partition->ns[k];
    analysis.overall.end += rank.partition->wall();
    analysis.overall.lead_in += rank.partition->lead_in;
    analysis.overall.tail += rank.partition->tail;
    analysis.overall.host_only = analysis.overall.host_only || rank.partition->host_only;
  }
  if (analysis.ranks.size() > 1) {
    std::vector<const View*> views;
    std::vector<int> numbers;
    for (const RankAnalysis& rank : analysis.ranks) {
      views.push_back(&rank.view);
      numbers.push_back(rank.rank);
    }
    analysis.collectives = compare_ranks(views, numbers);
  }
  return analysis;
}

}  // namespace hasten::trace
