// A trace analysis as JSON. Numbers keep their full value: integers in the analysis's unit.
#include "hasten/report/trace_json.h"

namespace hasten::report {
namespace {

using namespace trace;

const char* unit_of(const View& view) { return view.tick_ns == 1 ? "ns" : view.tick_ns == 0 ? "ps" : "us"; }

Json partition_json(const Partition& partition, double ticks_per_ns) {
  Json json = {{"wall", partition.wall()}};
  for (size_t k = 0; k < kPartCount; ++k) json[std::string(part_name(static_cast<Part>(k)))] = partition.ns[k];
  json["busy"] = partition.busy();
  json["idle"] = partition.idle();
  json["before_first_device_work"] = partition.lead_in;
  json["after_last_device_work"] = partition.tail;
  json["host_only"] = partition.host_only;
  json["wall_ms"] = static_cast<double>(partition.wall()) / ticks_per_ns * 1e-6;
  return json;
}

Json summary_json(const Summary& summary) {
  Json json = {{"count", summary.count}, {"mean", summary.mean}};
  json["std"] = summary.std ? Json(*summary.std) : Json(nullptr);
  json["min"] = summary.min;
  json["25%"] = summary.p25;
  json["50%"] = summary.p50;
  json["75%"] = summary.p75;
  json["max"] = summary.max;
  return json;
}

// `top` rows of a table, 0: all.
template <class Rows>
size_t shown(const Rows& rows, size_t top) {
  return top == 0 ? rows.size() : std::min(top, rows.size());
}

Json temporal_json(const Temporal& temporal) {
  Json json = {{"idle", temporal.idle},
               {"compute", temporal.compute},
               {"non_compute", temporal.non_compute},
               {"kernel_time", temporal.kernel_time},
               {"communication", temporal.communication},
               {"memory", temporal.memory},
               {"device_events", temporal.device_events}};
  json["comm_comp_overlap_percent"] = temporal.overlap_percent ? Json(*temporal.overlap_percent) : Json(nullptr);
  return json;
}

Json stream_json(const View& view, const StreamId& id) {
  auto part = [&](int64_t value) {
    std::string text = stream_part(view, value);
    return text == std::to_string(value) ? Json(value) : Json(text);
  };
  Json json = {{"stream", part(id.stream)}};
  if (id.device != -1) json["device"] = part(id.device);
  return json;
}

Json idle_json(const View& view, const std::vector<StreamIdle>& streams) {
  Json list = Json::array();
  for (const StreamIdle& idle : streams) {
    Json json = stream_json(view, idle.id);
    if (idle.has_host_wait) json["host_wait"] = idle.host_wait;
    if (idle.has_kernel_wait) json["kernel_wait"] = idle.kernel_wait;
    if (idle.has_other) json["other"] = idle.other;
    json["events"] = idle.events;
    list.push_back(std::move(json));
  }
  return list;
}

Json kernels_json(const std::vector<KernelRow>& rows, size_t top) {
  Json list = Json::array();
  for (size_t i = 0; i < shown(rows, top); ++i) {
    const KernelRow& row = rows[i];
    list.push_back({{"name", row.name},
                    {"type", kernel_type_name(row.type)},
                    {"count", row.count},
                    {"sum", row.sum},
                    {"max", row.max},
                    {"min", row.min},
                    {"mean", row.mean},
                    {"std", row.std}});
  }
  return list;
}

Json operators_json(const std::vector<OperatorRow>& rows, size_t top) {
  Json list = Json::array();
  for (size_t i = 0; i < shown(rows, top); ++i) {
    const OperatorRow& row = rows[i];
    Json json = {{"name", row.name},      {"count", row.count},         {"host_total", row.total},
                 {"host_self", row.self}, {"device_total", row.device}, {"device_self", row.device_self},
                 {"kernels", row.kernels}};
    if (row.flops > 0) json["flops"] = row.flops;
    if (row.bytes > 0) json["bytes"] = row.bytes;
    if (row.roofline != Roofline::kUnknown) json["roofline"] = roofline_name(row.roofline);
    list.push_back(std::move(json));
  }
  return list;
}

Json annotations_json(const std::vector<AnnotationRow>& rows, size_t top) {
  Json list = Json::array();
  for (size_t i = 0; i < shown(rows, top); ++i) {
    const AnnotationRow& row = rows[i];
    list.push_back({{"name", row.name},
                    {"count", row.count},
                    {"host_total", row.total},
                    {"host_self", row.self},
                    {"device_total", row.device}});
  }
  return list;
}

Json path_json(const CriticalPath& path) {
  Json json = {{"length", path.end - path.begin}};
  for (size_t k = 0; k < kPathKindCount; ++k)
    json[std::string(path_kind_name(static_cast<PathKind>(k)))] = path.ticks[k];
  json["segments"] = path.segments.size();
  return json;
}

Json hta_path_json(const PathGraph& graph) {
  Json json = {{"length", graph.length},
               {"wall", graph.end - graph.begin},
               {"nodes", graph.node_order.size()},
               {"edges", graph.edges.size()},
               {"path_nodes", graph.path.size()},
               {"path_edges", graph.path_edges.size()},
               {"path_events", graph.path_events.size()},
               {"links_left_out", graph.left_out}};
  json["duration_by_bound"] = Json::object();
  for (const auto& [bound, ticks] : graph.by_bound) json["duration_by_bound"][bound] = ticks;
  return json;
}

Json repairs_json(const RankAnalysis& rank) {
  Json list = Json::array();
  for (size_t k = 0; k < static_cast<size_t>(Repair::kCount); ++k) {
    auto repair = static_cast<Repair>(k);
    if (int64_t count = rank.trace->repairs.count(repair); count > 0) {
      list.push_back({{"what", repair_text(repair)},
                      {"count", count},
                      {"first_byte", rank.trace->repairs.first_offset(repair)},
                      {"dropped", is_drop(repair)}});
    }
  }
  if (rank.outlasting > 0)
    list.push_back({{"what", "host events that end after the event around them, cut there for its own time"},
                    {"count", rank.outlasting},
                    {"dropped", false}});
  if (rank.shared_correlations > 0)
    list.push_back({{"what", "device events that share one launch (graphs), all kept"},
                    {"count", rank.shared_correlations},
                    {"dropped", false}});
  if (rank.view.outside_operators > 0)
    list.push_back({{"what", "device events launched outside of any operator: left out of the view"},
                    {"count", rank.view.outside_operators},
                    {"dropped", false}});
  if (rank.unmatched_counters > 0)
    list.push_back({{"what", "ranges of hardware counters, but not as many launches of kernels: counters left out"},
                    {"count", rank.unmatched_counters},
                    {"dropped", false}});
  const char* behind = rank.view.options.include_last_step
                           ? "rows after the last profiler step, or launched before the first: left out of the view"
                           : "rows of the last profiler step, or launched before the first: left out of the view";
  if (rank.view.left_out_last_step > 0)
    list.push_back({{"what", behind}, {"count", rank.view.left_out_last_step}, {"dropped", false}});
  return list;
}

Json device_json(const RankAnalysis& rank, size_t top) {
  Json json;
  const LaunchStats& launches = rank.launches;
  json["launches"] = {{"count", launches.launches},
                      {"work", launches.work.size()},
                      {"host", launches.host_ticks},
                      {"device", launches.device_ticks},
                      {"delay", launches.delay_ticks},
                      {"median_delay", launches.median_delay},
                      {"work_shorter_than_launch", launches.shorter_than_launch},
                      {"graph_launches", launches.graph_launches},
                      {"graph_kernels", launches.graph_kernels}};
  json["queues"] = Json::array();
  for (const StreamQueue& queue : rank.queues) {
    Json row = stream_json(rank.view, queue.id);
    row["length"] = summary_json(queue.summary);
    row["blocked"] = queue.blocked;
    json["queues"].push_back(std::move(row));
  }
  json["copies"] = Json::array();
  for (const CopyRow& row : rank.copies) {
    json["copies"].push_back({{"name", row.name},
                              {"count", row.count},
                              {"bytes", row.bytes},
                              {"time", row.ticks},
                              {"gb_per_s", summary_json(row.gb_per_s)}});
  }
  json["memory"] = Json::array();
  for (const DeviceMemory& memory : rank.memory) {
    json["memory"].push_back({{"device_type", memory.device_type},
                              {"device", memory.device_id},
                              {"peak_allocated_bytes", memory.peak_allocated},
                              {"peak_reserved_bytes", memory.peak_reserved},
                              {"allocations", memory.allocations},
                              {"frees", memory.frees}});
  }
  json["patterns"] = Json::array();
  for (size_t i = 0; i < shown(rank.patterns, top); ++i) {
    const PatternRow& row = rank.patterns[i];
    json["patterns"].push_back(
        {{"pattern", row.pattern}, {"count", row.count}, {"device", row.device}, {"host", row.host}});
  }
  json["counters"] = Json::array();
  for (size_t i = 0; i < shown(rank.counters, top); ++i) {
    const CounterRow& row = rank.counters[i];
    json["counters"].push_back({{"kernel", row.kernel},
                                {"top_operator", row.top_operator},
                                {"bottom_operator", row.bottom_operator},
                                {"flops", row.flops},
                                {"values", Json::object()}});
    for (const auto& [name, value] : row.counters) json["counters"].back()["values"][name] = value;
  }
  return json;
}

// How many rows there are of the tables that `top` has cut.
Json rows_in_all(const std::vector<std::pair<const char*, size_t>>& tables, size_t top) {
  Json json = Json::object();
  for (const auto& [name, rows] : tables) {
    if (top > 0 && rows > top) json[name] = rows;
  }
  return json;
}

Json rank_json(const RankAnalysis& rank, size_t top) {
  Json json = {{"rank", rank.rank},
               {"rank_in_file", rank.rank_in_file},
               {"file", rank.trace->path.string()},
               {"unit", unit_of(rank.view)},
               {"events", rank.trace->events},
               {"rows", rank.view.size()},
               {"dropped_events", rank.trace->repairs.dropped()},
               {"unlinked_device_events", rank.view.unlinked},
               {"unlinked_left_out", rank.view.unlinked_left_out}};
  json["profiler_steps"] = Json::array();
  for (const Step& step : rank.view.steps) json["profiler_steps"].push_back(step.number);
  json["repairs"] = repairs_json(rank);
  double ticks_per_ns = rank.view.tick_ns == 0 ? 1000.0 : 1.0;
  json["time_partition"] = rank.partition ? partition_json(*rank.partition, ticks_per_ns) : Json(nullptr);
  if (rank.partition) json["time_partition"]["devices"] = rank.partition->devices.size();
  json["temporal"] = rank.temporal ? temporal_json(*rank.temporal) : Json(nullptr);
  json["idle_by_stream"] = idle_json(rank.view, rank.idle);
  json["kernel_types"] = Json::array();
  for (const TypeShare& share : rank.kernel_types) {
    json["kernel_types"].push_back({{"type", share.name}, {"sum", share.ticks}, {"percent", share.percent}});
  }
  json["kernels"] = kernels_json(rank.kernels, top);
  json["operators"] = operators_json(rank.operators, top);
  json["annotations"] = annotations_json(rank.annotations, top);
  json.update(device_json(rank, top));
  json["rows_in_all"] = rows_in_all({{"kernels", rank.kernels.size()},
                                     {"operators", rank.operators.size()},
                                     {"annotations", rank.annotations.size()},
                                     {"patterns", rank.patterns.size()},
                                     {"counters", rank.counters.size()}},
                                    top);
  if (rank.path) json["critical_path"] = path_json(*rank.path);
  if (rank.hta_path) json["critical_path"] = hta_path_json(*rank.hta_path);
  return json;
}

Json ranks_json(const Ranks& ranks, size_t top) {
  Json json = {{"collectives", Json::array()},
               {"ranks", Json::array()},
               {"unmatched_calls", ranks.unmatched},
               {"stragglers", ranks.stragglers},
               {"rows_in_all", rows_in_all({{"collectives", ranks.collectives.size()}}, top)}};
  for (size_t i = 0; i < shown(ranks.collectives, top); ++i) {
    const CollectiveRow& row = ranks.collectives[i];
    json["collectives"].push_back({{"name", row.name},
                                   {"calls", row.calls},
                                   {"ranks", row.ranks},
                                   {"wire_ns", row.wire_ns},
                                   {"skew_ns", row.skew_ns},
                                   {"bytes", row.bytes}});
  }
  for (const RankRow& row : ranks.ranks) {
    json["ranks"].push_back({{"rank", row.rank},
                             {"waited_ns", row.waited_ns},
                             {"caused_ns", row.caused_ns},
                             {"came_last", row.last},
                             {"calls", row.calls}});
  }
  return json;
}

Json verdict_json(const diagnose::TraceVerdict& verdict) {
  Json json = {{"decided", verdict.decided}};
  json["class"] = verdict.decided ? Json(diagnose::name_of(verdict.what)) : Json(nullptr);
  json["refusal"] = verdict.decided ? Json(nullptr) : Json(verdict.refusal);
  json["margin"] = verdict.margin;
  json["s_max"] = verdict.decided && verdict.s_max > 0 ? Json(verdict.s_max) : Json(nullptr);
  json["evidence"] = verdict.evidence;
  json["shares"] = Json::object();
  for (const auto& share : verdict.shares) json["shares"][std::string(diagnose::name_of(share.what))] = share.share;
  json["advice"] = verdict.advice;
  return json;
}

}  // namespace

Json trace_json(const Analysis& analysis, const diagnose::TraceVerdict& verdict, size_t top) {
  Json json = {
      {"version", 1}, {"semantics", semantics_name(analysis.options.view.semantics)}, {"ranks", Json::array()}};
  for (const RankAnalysis& rank : analysis.ranks) json["ranks"].push_back(rank_json(rank, top));
  bool hta = analysis.options.view.semantics == Semantics::kHta;
  double ticks_per_ns = analysis.options.view.semantics == Semantics::kTraceLens ? 1000.0 : 1.0;
  json["overall"] = hta ? Json(nullptr) : partition_json(analysis.overall, ticks_per_ns);
  json["collectives"] = analysis.ranks.size() > 1 ? ranks_json(analysis.collectives, top) : Json(nullptr);
  json["verdict"] = hta ? Json(nullptr) : verdict_json(verdict);
  return json;
}

namespace {

Json ratio_json(const StepRatio& row) {
  return {{"what", row.what + row.suffix},
          {"a_ns", row.a_ns},
          {"b_ns", row.b_ns},
          {"ratio", row.ratio},
          {"low", row.low},
          {"high", row.high},
          {"steps_a", row.steps_a},
          {"steps_b", row.steps_b},
          {"resolved", row.resolved()}};
}

Json rank_json(const RankTotals& rank) {
  return {{"rank", rank.rank}, {"rank_in_file", rank.rank_in_file}, {"path", rank.path.string()}};
}

}  // namespace

Json compare_json(const RunComparison& runs, size_t top) {
  Json json = {{"pairs", Json::array()},
               {"only_a", Json::array()},
               {"only_b", Json::array()},
               {"steps", Json::array()},
               {"names", Json::array()}};
  for (size_t k = 0; k < runs.pairs.size(); ++k) {
    auto [i, j] = runs.pairs[k];
    Json pair = {{"a", rank_json(runs.a[i])}, {"b", rank_json(runs.b[j])}};
    pair["step"] = k < runs.ranks.size() ? ratio_json(runs.ranks[k]) : Json(nullptr);
    json["pairs"].push_back(std::move(pair));
  }
  for (size_t i : runs.only_a) json["only_a"].push_back(rank_json(runs.a[i]));
  for (size_t i : runs.only_b) json["only_b"].push_back(rank_json(runs.b[i]));
  for (const StepRatio& row : runs.steps) json["steps"].push_back(ratio_json(row));
  json["rows_in_all"] = rows_in_all({{"names", runs.names.size()}}, top);
  if (runs.steps.size() < runs.step_names) json["rows_in_all"]["steps"] = runs.step_names;
  for (size_t i = 0; i < shown(runs.names, top); ++i) {
    const Difference& row = runs.names[i];
    json["names"].push_back({{"name", row.name + row.suffix},
                             {"count_a", row.count_a},
                             {"count_b", row.count_b},
                             {"ns_a", static_cast<double>(row.ticks_a) * runs.ns_per_tick},
                             {"ns_b", static_cast<double>(row.ticks_b) * runs.ns_per_tick}});
  }
  ChangedNames changed = changed_names(runs.names);
  json["added"] = changed.added;
  json["deleted"] = changed.deleted;
  json["increased"] = changed.increased;
  json["decreased"] = changed.decreased;
  json["unchanged"] = changed.unchanged;
  return json;
}

}  // namespace hasten::report
