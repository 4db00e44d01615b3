// The verdict from the time partition. The largest class wins if it is large and clearly the largest; else it is refused.
#include "hasten/diagnose/trace_verdict.h"

#include <algorithm>

#include "hasten/base/text.h"

namespace hasten::diagnose {
namespace {

using trace::Part;

std::vector<Share> shares_of(const trace::Partition& partition) {
  auto of = [&](Part part) { return partition.of(part); };
  std::vector<Share> shares = {{Limit::kCompute, of(Part::kCompute), 0},
                               {Limit::kCommunication, of(Part::kExposedCommunication), 0},
                               {Limit::kTransfer, of(Part::kExposedCopy), 0},
                               {Limit::kHost, of(Part::kIdleHostLate), 0},
                               {Limit::kSync, of(Part::kIdleSync), 0},
                               {Limit::kData, of(Part::kIdleData), 0},
                               {Limit::kDependency, of(Part::kIdleDependency), 0},
                               {Limit::kOther, of(Part::kUnattributed) + of(Part::kIdleUnknown), 0}};
  auto wall = static_cast<double>(partition.wall());
  for (Share& share : shares) share.share = wall > 0 ? static_cast<double>(share.ticks) / wall : 0;
  std::stable_sort(shares.begin(), shares.end(), [](const Share& a, const Share& b) { return a.ticks > b.ticks; });
  return shares;
}

}  // namespace

TraceVerdict judge(const trace::Partition& partition, const VerdictOptions& options) {
  TraceVerdict verdict;
  verdict.shares = shares_of(partition);
  auto ms = [&](int64_t ticks) { return fixed(static_cast<double>(ticks) * options.ns_per_tick * 1e-6, 3) + " ms"; };
  if (static_cast<double>(partition.wall()) * options.ns_per_tick < options.shortest_ns) {
    verdict.refusal = cat("span too short: ", ms(partition.wall()), ", at least ", fixed(options.shortest_ns * 1e-6, 0),
                          " ms are needed");
    return verdict;
  }
  const Share &first = verdict.shares[0], &second = verdict.shares[1];
  verdict.what = first.what;
  verdict.margin = first.share - second.share;
  auto percent = [](double share) { return fixed(100 * share, 1) + "%"; };
  for (const Share& share : verdict.shares) {
    if (share.ticks > 0) {
      verdict.evidence.push_back(
          cat(name_of(share.what), ": ", percent(share.share), " of the wall time (", ms(share.ticks), ")"));
    }
  }
  if (partition.host_only) verdict.evidence.push_back("no device in the trace: shares are of the host's time");
  if (first.what == Limit::kOther) {
    verdict.refusal =
        "the largest share is unattributed: the trace lacks what would explain it (launch calls, or host operators)";
  } else if (first.share < options.least_share) {
    verdict.refusal =
        cat("no class is large enough: the largest is ", name_of(first.what), " with ", percent(first.share));
  } else if (verdict.margin < options.least_margin) {
    verdict.refusal = cat("margin too small: ", name_of(first.what), " ", percent(first.share), ", ",
                          name_of(second.what), " ", percent(second.share));
  }
  verdict.decided = verdict.refusal.empty();
  int64_t rest = partition.wall() - first.ticks;
  verdict.s_max = rest > 0 ? static_cast<double>(partition.wall()) / static_cast<double>(rest) : 0;  // 0: no bound
  if (!verdict.decided) return verdict;
  verdict.bottlenecks = info(first.what).relieved_by;
  verdict.advice.assign(info(first.what).settings.begin(), info(first.what).settings.end());
  return verdict;
}

}  // namespace hasten::diagnose
