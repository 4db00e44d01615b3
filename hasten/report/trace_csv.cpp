// A trace analysis as CSV files (RFC 4180).
#include <filesystem>
#include <sstream>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/text.h"
#include "hasten/report/trace_json.h"

namespace hasten::report {
namespace {

using namespace trace;

// Rows go to the disk as they come, since there can be as many as events; the file is whole or not there.
class Csv {
 public:
  Csv(std::filesystem::path path, std::string_view head)
      : path_(std::move(path)), part_(path_), file_(part_ += ".part", 0) {
    out_.precision(17);
    out_ << head << "\r\n";
  }
  ~Csv() {
    std::error_code ignored;
    std::filesystem::remove(part_, ignored);
  }
  Csv(const Csv&) = delete;
  Csv& operator=(const Csv&) = delete;

  template <class... Cells>
  void row(const Cells&... cells) {
    bool first = true;
    ((out_ << (first ? "" : ",") << cells, first = false), ...);
    out_ << "\r\n";
    if (out_.tellp() > (1 << 20)) flush();
  }
  void finish() {
    flush();
    file_.sync();
    std::error_code error;
    std::filesystem::rename(part_, path_, error);
    if (error) throw DataError(path_.string(), "", "cannot be written: " + error.message());
  }

 private:
  void flush() {
    file_.append(out_.view());
    out_.str({});
  }

  std::filesystem::path path_, part_;
  AppendFile file_;
  std::ostringstream out_;
};

void write_shares(const Analysis& analysis, const std::filesystem::path& folder) {
  Csv temporal(folder / "temporal.csv",
               "rank,idle,compute,non_compute,kernel_time,communication,memory,device_events,overlap_percent");
  Csv types(folder / "kernel_types.csv", "rank,type,sum,percent");
  Csv patterns(folder / "patterns.csv", "rank,pattern,count,device,host");
  Csv collectives(folder / "collectives.csv", "name,calls,ranks,wire_ns,skew_ns,bytes");
  for (const RankAnalysis& rank : analysis.ranks) {
    if (rank.temporal) {
      const Temporal& t = *rank.temporal;
      temporal.row(rank.rank, t.idle, t.compute, t.non_compute, t.kernel_time, t.communication, t.memory,
                   t.device_events, t.overlap_percent ? number(*t.overlap_percent) : "");
    }
    for (const TypeShare& share : rank.kernel_types)
      types.row(rank.rank, csv_cell(share.name), share.ticks, share.percent);
    for (const PatternRow& p : rank.patterns) patterns.row(rank.rank, csv_cell(p.pattern), p.count, p.device, p.host);
  }
  for (const CollectiveRow& c : analysis.collectives.collectives)
    collectives.row(csv_cell(c.name), c.calls, c.ranks, c.wire_ns, c.skew_ns, c.bytes);
  for (Csv* file : {&temporal, &types, &patterns, &collectives}) file->finish();
}

std::string part_cell(const View& view, int64_t part) {
  std::string text = stream_part(view, part);
  return text == std::to_string(part) ? text : csv_cell(text);  // a number below 0 is no formula
}

void write_device_tables(const Analysis& analysis, const std::filesystem::path& folder) {
  Csv queues(folder / "queues.csv", "rank,device,stream,points,mean,max,blocked"),
      copies(folder / "copies.csv", "rank,name,count,bytes,time,gb_per_s_mean,gb_per_s_max");
  Csv launches(folder / "launches.csv", "rank,launch,work,host,device,delay");
  Csv path(folder / "critical_path.csv", "rank,begin,end,kind,event");
  for (const RankAnalysis& rank : analysis.ranks) {
    const View& view = rank.view;
    for (const StreamQueue& q : rank.queues)
      queues.row(rank.rank, part_cell(view, q.id.device), part_cell(view, q.id.stream), q.summary.count, q.summary.mean,
                 q.summary.max, q.blocked);
    for (const CopyRow& c : rank.copies)
      copies.row(rank.rank, csv_cell(c.name), c.count, c.bytes, c.ticks, c.gb_per_s.mean, c.gb_per_s.max);
    for (uint32_t work : rank.launches.work) {
      auto launch = static_cast<size_t>(view.partner[work]);
      launches.row(rank.rank, csv_cell(view.name(launch)), csv_cell(view.name(work)), view.dur[launch], view.dur[work],
                   launch_delay(view, work));
    }
    if (!rank.path) continue;
    for (size_t k = 0; k < rank.path->segments.size(); ++k) {
      const PathSegment& s = rank.path->segments[k];
      path.row(rank.rank, s.begin, rank.path->end_of(k), path_kind_name(s.kind),
               s.place < 0 ? "" : csv_cell(view.name(static_cast<size_t>(s.place))));
    }
  }
  for (Csv* file : {&queues, &copies, &launches, &path}) file->finish();
}

}  // namespace

// Also safe for spreadsheets: a cell that would be read as a formula is quoted with an apostrophe in front.
std::string csv_cell(std::string_view text) {
  std::string cell(text);
  if (!cell.empty() && std::string_view("=+-@\t\r").find(cell[0]) != std::string_view::npos) cell.insert(0, "'");
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (char c : cell) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

void write_trace_csv(const Analysis& analysis, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  Csv partition(folder / "partition.csv", "rank,part,time");
  Csv kernels(folder / "kernels.csv", "rank,name,type,count,sum,max,min,mean,std");
  Csv operators(folder / "operators.csv",
                "rank,name,count,host_total,host_self,device_total,device_self,kernels,flops,bytes,roofline");
  Csv annotations(folder / "annotations.csv", "rank,name,count,host_total,host_self,device_total");
  Csv idle(folder / "idle.csv", "rank,device,stream,host_wait,kernel_wait,other,events");
  for (const RankAnalysis& rank : analysis.ranks) {
    if (rank.partition) {
      for (size_t k = 0; k < kPartCount; ++k)
        partition.row(rank.rank, part_name(static_cast<Part>(k)), rank.partition->ns[k]);
      partition.row(rank.rank, "wall", rank.partition->wall());
    }
    for (const KernelRow& k : rank.kernels) {
      kernels.row(rank.rank, csv_cell(k.name), kernel_type_name(k.type), k.count, k.sum, k.max, k.min, k.mean, k.std);
    }
    for (const OperatorRow& o : rank.operators) {
      operators.row(rank.rank, csv_cell(o.name), o.count, o.total, o.self, o.device, o.device_self, o.kernels, o.flops,
                    o.bytes, roofline_name(o.roofline));
    }
    for (const AnnotationRow& a : rank.annotations)
      annotations.row(rank.rank, csv_cell(a.name), a.count, a.total, a.self, a.device);
    for (const StreamIdle& s : rank.idle)
      idle.row(rank.rank, part_cell(rank.view, s.id.device), part_cell(rank.view, s.id.stream), s.host_wait,
               s.kernel_wait, s.other, s.events);
  }
  for (Csv* file : {&partition, &kernels, &operators, &annotations, &idle}) file->finish();
  write_shares(analysis, folder);
  write_device_tables(analysis, folder);
}

}  // namespace hasten::report
