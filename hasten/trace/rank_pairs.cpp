// Two runs side by side: every trace is read, reduced to its totals and let go, then ranks are paired.
#include "hasten/trace/rank_pairs.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/trace/ranks.h"

namespace hasten::trace {
namespace {

using Paths = std::vector<std::filesystem::path>;

std::string numbers_of(const std::vector<RankTotals>& ranks) {
  std::vector<std::string> texts;
  for (const RankTotals& rank : ranks) texts.push_back(std::to_string(rank.rank));
  return join(texts, " ");
}

// Reads a side's files; its ranks ascend.
std::vector<RankTotals> side_of(const Paths& paths, const RunOptions& options, std::optional<int32_t> step) {
  std::vector<RankTotals> ranks(paths.size());
  std::vector<int> said(paths.size());
  for_each_file(paths.size(), options.threads, [&](size_t i) {
    Trace trace = read_trace(paths[i], options.read);
    said[i] = trace.rank();
    ranks[i].path = paths[i];
    ranks[i].totals = totals_of(make_view(trace, options.view), options.compare, step);
  });
  std::vector<int> numbers = assign_ranks(said, paths);
  for (size_t i = 0; i < ranks.size(); ++i) {
    ranks[i].rank = numbers[i];
    ranks[i].said = said[i];
    ranks[i].rank_in_file = numbers[i] == said[i];
  }
  std::sort(ranks.begin(), ranks.end(), [](const RankTotals& x, const RankTotals& y) { return x.rank < y.rank; });
  if (!options.rank) return ranks;
  std::string had = numbers_of(ranks);
  std::erase_if(ranks, [&](const RankTotals& rank) { return rank.rank != *options.rank; });
  if (ranks.empty())
    throw ConfigError("--rank", "a rank that is on both sides", cat(*options.rank, ", where one side has ", had));
  return ranks;
}

void pair_ranks(RunComparison& runs) {
  if (runs.a.size() == 1 && runs.b.size() == 1) {
    runs.pairs.emplace_back(0, 0);
    return;
  }
  size_t i = 0, j = 0;
  while (i < runs.a.size() || j < runs.b.size()) {
    if (j == runs.b.size() || (i < runs.a.size() && runs.a[i].rank < runs.b[j].rank)) {
      runs.only_a.push_back(i++);
    } else if (i == runs.a.size() || runs.b[j].rank < runs.a[i].rank) {
      runs.only_b.push_back(j++);
    } else {
      runs.pairs.emplace_back(i++, j++);
    }
  }
  if (runs.pairs.empty()) {
    throw ConfigError("--compare", "a rank that both sides have",
                      cat("ranks ", numbers_of(runs.a), " and ", numbers_of(runs.b)),
                      "name two files to compare them whatever their ranks");
  }
}

}  // namespace

RunComparison compare_runs(const Paths& a, const Paths& b, const RunOptions& options) {
  RunComparison runs;
  runs.a = side_of(a, options, options.compare.step_a);
  runs.b = side_of(b, options, options.compare.step_b);
  pair_ranks(runs);
  std::vector<const Totals*> of_a, of_b;
  for (auto [i, j] : runs.pairs) {
    of_a.push_back(&runs.a[i].totals);
    of_b.push_back(&runs.b[j].totals);
  }
  runs.ns_per_tick = of_a[0]->ns_per_tick;
  runs.names = compare_by_name(of_a, of_b);
  runs.steps = compare_steps(of_a, of_b, options.steps);
  runs.step_names = runs.steps.empty() ? 0 : 1 + count_step_names(of_a, of_b);
  StepOptions whole = options.steps;
  whole.most = 0;
  for (size_t k = 0; k < runs.pairs.size(); ++k) {
    std::vector<StepRatio> rows = compare_steps(std::vector<const Totals*>{of_a[k]}, {of_b[k]}, whole);
    if (rows.empty()) {
      runs.ranks.clear();
      break;
    }
    rows[0].what = cat("rank ", runs.a[runs.pairs[k].first].rank);
    runs.ranks.push_back(std::move(rows[0]));
  }
  return runs;
}

}  // namespace hasten::trace
