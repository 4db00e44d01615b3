// A trace analysis for a terminal: verdict first, then the partition, then tables.
#include "hasten/report/trace_text.h"

#include <algorithm>

#include "hasten/base/text.h"
#include "hasten/spec/choices.h"

namespace hasten::report {
namespace {

using namespace trace;

std::string ms(double ns) { return fixed(ns * 1e-6, 3); }

std::string percent(int64_t part, int64_t whole) {
  return whole == 0 ? "–" : fixed(100.0 * static_cast<double>(part) / static_cast<double>(whole), 1) + "%";
}

// At most `width` bytes and whole characters.
std::string shortened(std::string text, size_t width) {
  if (text.size() <= width) return text;
  size_t cut = width - 1;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return text.substr(0, cut) + "…";
}

// Names of the host may hold brackets that are no arguments: "file.py(12): <module>".
bool is_cpp_signature(std::string_view name) {
  return name.starts_with("void ") || (name.find("::") != std::string_view::npos && name.ends_with(')'));
}

std::string plain(std::string_view name, Side side = Side::kHost) {
  bool kernel = side == Side::kDevice || is_cpp_signature(name);
  return shortened(printable(kernel ? short_name(name) : std::string(name)), 72);
}

size_t left_out(size_t rows, size_t top) { return rows > top ? rows - top : 0; }

}  // namespace

std::string verdict_line(const diagnose::TraceVerdict& verdict) {
  if (!verdict.decided) return "no verdict: " + verdict.refusal;
  std::string gain = verdict.s_max > 0 ? "S_max " + fixed(verdict.s_max, 2) + "x" : "S_max unbounded";
  return cat(diagnose::name_of(verdict.what), ", margin ", fixed(100 * verdict.margin, 1), " points, ", gain);
}

Table partition_table(const Analysis& analysis) {
  Table table{{"time (ms)"}, {}, 1};
  bool overall = analysis.ranks.size() > 1;
  if (overall) table.head.insert(table.head.end(), {"all ranks", ""});
  size_t columns = std::min<size_t>(analysis.ranks.size(), 4);
  for (size_t r = 0; r < columns; ++r) table.head.insert(table.head.end(), {cat("rank ", analysis.ranks[r].rank), ""});
  auto add = [&](const std::string& title, auto get) {
    std::vector<std::string> row = {title};
    auto cells = [&](const Partition& partition, double ns_per_tick) {
      int64_t ticks = get(partition);
      row.push_back(ms(static_cast<double>(ticks) * ns_per_tick));
      row.push_back(percent(ticks, partition.wall()));
    };
    double ns_per_tick = analysis.options.view.semantics == Semantics::kTraceLens ? 1e-3 : 1.0;
    if (overall) cells(analysis.overall, ns_per_tick);
    for (size_t r = 0; r < columns; ++r) cells(*analysis.ranks[r].partition, ns_per_tick);
    table.rows.push_back(std::move(row));
  };
  for (size_t k = 0; k < kPartCount; ++k) {
    add(std::string(part_title(static_cast<Part>(k))), [k](const Partition& p) { return p.ns[k]; });
  }
  add("wall time (sum)", [](const Partition& p) { return p.wall(); });
  return table;
}

Table kernel_table(const RankAnalysis& rank, size_t top) {
  Table table{{"device work", "type", "count", "sum ms", "mean us", "max us"}, {}, 2};
  table.left_out = left_out(rank.kernels.size(), top);
  for (size_t i = 0; i < std::min(top, rank.kernels.size()); ++i) {
    const KernelRow& row = rank.kernels[i];
    auto us = [&](double ticks) { return fixed(rank.view.ns(1) * ticks * 1e-3, 2); };
    table.rows.push_back({plain(row.name, Side::kDevice), std::string(kernel_type_name(row.type)),
                          std::to_string(row.count), ms(rank.view.ns(row.sum)), us(row.mean),
                          us(static_cast<double>(row.max))});
  }
  return table;
}

Table operator_table(const RankAnalysis& rank, size_t top) {
  Table table{{"operator", "roofline", "count", "host self ms", "host ms", "device self ms", "device ms"}, {}, 2};
  table.left_out = left_out(rank.operators.size(), top);
  for (size_t i = 0; i < std::min(top, rank.operators.size()); ++i) {
    const OperatorRow& row = rank.operators[i];
    table.rows.push_back({plain(row.name),
                          row.roofline == Roofline::kUnknown ? "" : std::string(roofline_name(row.roofline)),
                          std::to_string(row.count), ms(rank.view.ns(row.self)), ms(rank.view.ns(row.total)),
                          ms(rank.view.ns(row.device_self)), ms(rank.view.ns(row.device))});
  }
  return table;
}

Table annotation_table(const RankAnalysis& rank, size_t top) {
  Table table{{"annotation", "count", "host self ms", "host ms", "device ms"}, {}, 1};
  table.left_out = left_out(rank.annotations.size(), top);
  for (size_t i = 0; i < std::min(top, rank.annotations.size()); ++i) {
    const AnnotationRow& row = rank.annotations[i];
    table.rows.push_back({plain(row.name), std::to_string(row.count), ms(rank.view.ns(row.self)),
                          ms(rank.view.ns(row.total)), ms(rank.view.ns(row.device))});
  }
  return table;
}

Table path_table(const RankAnalysis& rank) {
  Table table{{"critical path", "ms", "share"}, {}, 1};
  if (rank.path) {
    int64_t whole = rank.path->end - rank.path->begin;
    for (size_t k = 0; k < kPathKindCount; ++k) {
      int64_t ticks = rank.path->ticks[k];
      if (ticks == 0) continue;
      table.rows.push_back(
          {std::string(path_kind_name(static_cast<PathKind>(k))), ms(rank.view.ns(ticks)), percent(ticks, whole)});
    }
    table.rows.push_back({"whole window", ms(rank.view.ns(whole)), percent(whole, whole)});
  } else if (rank.hta_path) {
    for (const auto& [bound, ticks] : rank.hta_path->by_bound) {
      table.rows.push_back(
          {bound.empty() ? "dependencies" : bound, ms(rank.view.ns(ticks)), percent(ticks, rank.hta_path->length)});
    }
    int64_t wall = rank.hta_path->end - rank.hta_path->begin;
    table.rows.push_back({"not explained (of the wall time)", ms(rank.view.ns(wall - rank.hta_path->length)),
                          percent(wall - rank.hta_path->length, wall)});
  }
  return table;
}

Table collective_table(const Ranks& ranks, size_t top) {
  Table table{{"collective", "calls", "ranks", "wire ms", "skew ms", "GB/s"}, {}, 1};
  table.left_out = left_out(ranks.collectives.size(), top);
  for (size_t i = 0; i < std::min(top, ranks.collectives.size()); ++i) {
    const CollectiveRow& row = ranks.collectives[i];
    std::string rate = row.wire_ns > 0 && row.bytes > 0
                           ? fixed(static_cast<double>(row.bytes) / static_cast<double>(row.wire_ns), 2)
                           : "";
    table.rows.push_back({plain(row.name, Side::kDevice), std::to_string(row.calls), std::to_string(row.ranks),
                          ms(static_cast<double>(row.wire_ns)), ms(static_cast<double>(row.skew_ns)), rate});
  }
  return table;
}

namespace {

std::string shared_rank(int said, const std::filesystem::path& file, int taken) {
  return cat("rank ", said, " is said by more than one file: ", printable(file.string()), " taken as ", taken);
}

}  // namespace

std::vector<std::string> notes_on(const RankAnalysis& rank) {
  std::vector<std::string> notes;
  const Trace& trace = *rank.trace;
  if (!rank.rank_in_file) {
    notes.push_back(trace.rank() < 0 ? cat("the file does not say its rank: taken as ", rank.rank)
                                     : shared_rank(trace.rank(), trace.path.filename(), rank.rank));
  }
  if (rank.view.steps_in_file < 2) notes.push_back("fewer than two profiler steps: nothing is left out at the ends");
  for (size_t k = 0; k < static_cast<size_t>(Repair::kCount); ++k) {
    auto repair = static_cast<Repair>(k);
    if (int64_t count = trace.repairs.count(repair); count > 0) {
      notes.push_back(
          cat(count, " x ", repair_text(repair), " (first at byte ", trace.repairs.first_offset(repair), ")"));
    }
  }
  if (rank.view.left_out_last_step > 0)
    notes.push_back(
        cat(rank.view.left_out_last_step,
            rank.view.options.include_last_step
                ? " events come after the last profiler step, or belong to none: left out"
                : " events belong to the last profiler step, which the profiler cut off, or to none: left out"));
  if (rank.view.unlinked > 0)
    notes.push_back(cat(rank.view.unlinked, " device events have no launch in the file",
                        rank.view.unlinked_left_out > 0
                            ? cat("; ", rank.view.unlinked_left_out, " of them belong to no step and are left out")
                            : ""));
  if (rank.view.outside_operators > 0)
    notes.push_back(cat(rank.view.outside_operators, " device events were launched outside of any operator: left out"));
  if (rank.partition && rank.partition->devices.size() > 1)
    notes.push_back(cat("work of ", rank.partition->devices.size(),
                        " devices: each is divided by itself, and the wall time is the sum over them"));
  if (rank.outlasting > 0) notes.push_back(cat(rank.outlasting, " host events end after the event around them"));
  if (rank.shared_correlations > 0)
    notes.push_back(
        cat(rank.shared_correlations, " device events share a launch with others (captured graphs): all are kept"));
  if (rank.unmatched_counters > 0)
    notes.push_back(cat(rank.unmatched_counters,
                        " ranges of hardware counters, but not as many launches of kernels: counters left out"));
  return notes;
}

namespace {

std::string launch_lines(const RankAnalysis& rank) {
  const LaunchStats& launches = rank.launches;
  if (launches.work.empty()) return "";
  std::string text =
      cat("launches: ", launches.launches, ", median delay ", fixed(rank.view.ns(1) * launches.median_delay * 1e-3, 2),
          " us, ", launches.shorter_than_launch, " shorter than their launch call");
  if (launches.graph_launches > 0)
    text += cat("; ", launches.graph_launches, " of captured graphs, with ", launches.graph_kernels, " kernels");
  text += "\n";
  bool several = std::any_of(rank.queues.begin(), rank.queues.end(),
                             [&](const StreamQueue& queue) { return queue.id.device != rank.queues[0].id.device; });
  for (const StreamQueue& queue : rank.queues) {
    text += cat("  queue of ", plain(stream_name(rank.view, queue.id, several)), ": mean ",
                fixed(queue.summary.mean, 2), ", most ", fixed(queue.summary.max, 0));
    text += queue.blocked > 0 ? cat(", full for ", ms(rank.view.ns(queue.blocked)), " ms\n") : "\n";
  }
  for (const CopyRow& copy : rank.copies) {
    text += cat("  ", plain(copy.name), ": ", copy.count, " x, ", si(static_cast<double>(copy.bytes)), "B in ",
                ms(rank.view.ns(copy.ticks)), " ms");
    text += copy.gb_per_s.count > 0 ? cat(", ", fixed(copy.gb_per_s.mean, 2), " GB/s on average\n") : "\n";
  }
  for (const DeviceMemory& memory : rank.memory) {
    text += cat("  memory of ", memory.device_type == 0 ? "the host" : cat("device ", memory.device_id), ": at most ",
                si(static_cast<double>(memory.peak_allocated)), "B allocated\n");
  }
  return text;
}

std::string rank_text(const RankAnalysis& rank, size_t top) {
  std::string text =
      cat("\nrank ", rank.rank, ": ", printable(rank.trace->path.string()), ", ", rank.trace->events, " events\n");
  for (const std::string& note : notes_on(rank)) text += "  note: " + note + "\n";
  if (rank.temporal && rank.temporal->overlap_percent) {
    text += cat("communication hidden under computation: ", fixed(*rank.temporal->overlap_percent, 2), "%\n");
  }
  if (!rank.partition && rank.temporal) {
    const Temporal& t = *rank.temporal;
    text += cat("idle ", t.idle, " us, compute ", t.compute, " us, non-compute ", t.non_compute, " us, kernel time ",
                t.kernel_time, " us\n");
  }
  text += launch_lines(rank);
  for (const Table& table :
       {kernel_table(rank, top), operator_table(rank, top), annotation_table(rank, top), path_table(rank)}) {
    if (!table.rows.empty()) text += "\n" + terminal_table(table, "  ");
  }
  for (size_t i = 0; i < std::min(top, rank.patterns.size()); ++i) {
    text += cat("  ", rank.patterns[i].count, " x ", shortened(printable(rank.patterns[i].pattern), 200), "\n");
  }
  if (size_t more = left_out(rank.patterns.size(), top)) text += cat("  and ", more, " patterns more\n");
  return text;
}

}  // namespace

std::string trace_text(const Analysis& analysis, const diagnose::TraceVerdict& verdict,
                       const std::vector<std::string>& methods, size_t top) {
  std::string text;
  if (analysis.options.view.semantics != Semantics::kHta) {
    text += "verdict: " + verdict_line(verdict) + "\n";
    for (const std::string& line : verdict.evidence) text += "  " + line + "\n";
    for (const std::string& line : verdict.advice) text += "  try: " + line + "\n";
    constexpr size_t kNamed = 8;
    const std::vector<std::string> first(methods.begin(), methods.begin() + std::min(kNamed, methods.size()));
    if (!first.empty()) text += "  methods that relieve it: " + join(first, ", ");
    if (methods.size() > kNamed) {
      text += cat(", and ", methods.size() - kNamed, " more: hasten methods list --relieves ",
                  hasten::name_of(verdict.bottlenecks.front()));
    }
    if (!first.empty()) text += "\n";
    text += "\n" + terminal_table(partition_table(analysis));
  }
  if (analysis.ranks.size() > 1) {
    text += "\n" + terminal_table(collective_table(analysis.collectives, top), "  ");
    for (int rank : analysis.collectives.stragglers)
      text += cat("  rank ", rank, " comes last most often: a straggler\n");
  }
  for (const RankAnalysis& rank : analysis.ranks) text += rank_text(rank, top);
  return text;
}

namespace {

std::string rank_with_path(const RankTotals& rank) {
  return cat("rank ", rank.rank, " (", printable(rank.path.string()), ")");
}

// Which ranks stand against each other, and which are left out.
std::string pair_lines(const RunComparison& runs) {
  if (runs.a.size() == 1 && runs.b.size() == 1) return "";
  std::vector<std::string> numbers;
  for (const auto& pair : runs.pairs) numbers.push_back(std::to_string(runs.a[pair.first].rank));
  std::string text = cat(numbers.size() == 1 ? "rank compared: " : "ranks compared: ", join(numbers, " "), "\n");
  for (size_t i : runs.only_a) text += cat("  only in A, left out: ", rank_with_path(runs.a[i]), "\n");
  for (size_t i : runs.only_b) text += cat("  only in B, left out: ", rank_with_path(runs.b[i]), "\n");
  for (const auto* side : {&runs.a, &runs.b}) {
    for (const RankTotals& rank : *side) {
      if (rank.rank_in_file) continue;
      text += rank.said < 0 ? cat("  ", printable(rank.path.string()), " does not say a rank of its own: taken as ",
                                  rank.rank, "\n")
                            : "  " + shared_rank(rank.said, rank.path, rank.rank) + "\n";
    }
  }
  if (!runs.ranks.empty() && runs.steps.empty())
    text += "  no profiler step is in every rank: no intervals over all ranks\n";
  return text + "\n";
}

std::string ratio_table(const char* what, const std::vector<StepRatio>& rows) {
  if (rows.empty()) return "";
  Table table{{what, "A ms", "B ms", "B / A", "95% interval"}, {}, 1};
  for (const StepRatio& row : rows) {
    std::string interval = row.resolved() ? cat(fixed(row.low, 3), " to ", fixed(row.high, 3)) : "too few steps";
    table.rows.push_back(
        {plain(row.what, row.side) + row.suffix, ms(row.a_ns), ms(row.b_ns), fixed(row.ratio, 3), interval});
  }
  return terminal_table(table) + "\n";
}

}  // namespace

std::string compare_text(const RunComparison& runs, size_t top) {
  std::string text = pair_lines(runs) + ratio_table("per step", runs.steps);
  if (runs.pairs.size() > 1) text += ratio_table("step of", runs.ranks);
  Table table{{"name", "count A", "count B", "change", "A ms", "B ms", "change ms"}, {}, 1};
  table.left_out = left_out(runs.names.size(), top);
  for (size_t i = 0; i < std::min(top, runs.names.size()); ++i) {
    const Difference& row = runs.names[i];
    auto time = [&](int64_t ticks) { return ms(static_cast<double>(ticks) * runs.ns_per_tick); };
    table.rows.push_back({plain(row.name, row.side) + row.suffix, std::to_string(row.count_a),
                          std::to_string(row.count_b), std::to_string(row.count_change()), time(row.ticks_a),
                          time(row.ticks_b), time(row.ticks_change())});
  }
  ChangedNames changed = changed_names(runs.names);
  text += terminal_table(table);
  text +=
      cat("\n", changed.added.size(), " names added, ", changed.deleted.size(), " deleted, ", changed.increased.size(),
          " more often, ", changed.decreased.size(), " less often, ", changed.unchanged.size(), " as often\n");
  return text;
}

}  // namespace hasten::report
