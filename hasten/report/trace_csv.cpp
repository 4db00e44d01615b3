// A trace analysis as CSV files (RFC 4180).
#include <sstream>

#include "hasten/base/files.h"
#include "hasten/report/trace_json.h"

namespace hasten::report {
namespace {

using namespace trace;

class Csv {
 public:
  explicit Csv(std::string_view head) {
    out_.precision(17);
    out_ << head << "\r\n";
  }
  template <class... Cells>
  void row(const Cells&... cells) {
    bool first = true;
    ((out_ << (first ? "" : ",") << cells, first = false), ...);
    out_ << "\r\n";
  }
  void write(const std::filesystem::path& path) { write_file_atomic(path, out_.str()); }

 private:
  std::ostringstream out_;
};

void write_device_tables(const Analysis& analysis, const std::filesystem::path& folder) {
  Csv queues("rank,device,stream,points,mean,max,blocked"),
      copies("rank,name,count,bytes,time,gb_per_s_mean,gb_per_s_max");
  Csv launches("rank,launch,work,host,device,delay"), path("rank,begin,end,kind,event");
  for (const RankAnalysis& rank : analysis.ranks) {
    const View& view = rank.view;
    for (const StreamQueue& q : rank.queues)
      queues.row(rank.rank, q.id.device, q.id.stream, q.summary.count, q.summary.mean, q.summary.max, q.blocked);
    for (const CopyRow& c : rank.copies)
      copies.row(rank.rank, csv_cell(c.name), c.count, c.bytes, c.ticks, c.gb_per_s.mean, c.gb_per_s.max);
    for (const auto& l : rank.launches.launches) {
      launches.row(rank.rank, csv_cell(view.name(l.host)), csv_cell(view.name(l.device)), view.dur[l.host],
                   view.dur[l.device], l.delay);
    }
    if (!rank.path) continue;
    for (const PathSegment& s : rank.path->segments) {
      path.row(rank.rank, s.begin, s.end, path_kind_name(s.kind),
               s.place < 0 ? "" : csv_cell(view.name(static_cast<size_t>(s.place))));
    }
  }
  queues.write(folder / "queues.csv");
  copies.write(folder / "copies.csv");
  launches.write(folder / "launches.csv");
  path.write(folder / "critical_path.csv");
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
  Csv partition("rank,part,time"), kernels("rank,name,type,count,sum,max,min,mean,std");
  Csv operators("rank,name,count,host_total,host_self,device_total,device_self,kernels,flops,bytes,roofline");
  Csv idle("rank,device,stream,host_wait,kernel_wait,other,events");
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
    for (const StreamIdle& s : rank.idle)
      idle.row(rank.rank, s.id.device, s.id.stream, s.host_wait, s.kernel_wait, s.other, s.events);
  }
  partition.write(folder / "partition.csv");
  kernels.write(folder / "kernels.csv");
  operators.write(folder / "operators.csv");
  idle.write(folder / "idle.csv");
  write_device_tables(analysis, folder);
}

}  // namespace hasten::report
