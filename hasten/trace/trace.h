// One rank's trace in memory: columns of complete events, their arguments, and what had to be mended to read them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/base/json.h"
#include "hasten/trace/args.h"
#include "hasten/trace/strings.h"

namespace hasten::trace {

// What Kineto's `cat` says; names of old versions ("Kernel", "Runtime") and of other devices mean the same.
enum class Category : uint8_t {
  kNone,
  kCpuOp,
  kUserAnnotation,
  kDeviceAnnotation,
  kMemcpy,
  kMemset,
  kKernel,
  kRuntime,
  kDriver,
  kPython,
  kOverhead,
  kSync,
  kAccelerator,
  kCollective,
  kProfilerRange,
  kTrace,
  kOther,
  kMarker  // neither work nor an operator: event records, counter samples, instants
};
Category category_of(std::string_view cat);

// Things in a file that are not as they should be, mended or left out; each is counted.
enum class Repair : uint8_t {
  kNoTime,
  kBadTime,
  kNoDuration,
  kNotAnObject,
  kRoundedTime,
  kNegativeDuration,
  kTextNumber,
  kBadNumber,
  kBadEncoding,
  kByteOrderMark,
  kControlCharacter,
  kBadEscape,
  kUnpairedBegin,
  kPairedBegin,
  kBadArgs,
  kBadMetadata,
  kTornEnd,
  kNoCategory,
  kNoName,
  kCounter,
  kUnknownPhase,
  kSharedCorrelation,
  kCount
};
std::string_view repair_text(Repair repair);

class Repairs {
 public:
  void add(Repair repair, int64_t offset, int64_t count = 1);
  int64_t count(Repair repair) const { return counts_[static_cast<size_t>(repair)]; }
  int64_t first_offset(Repair repair) const { return first_[static_cast<size_t>(repair)]; }
  int64_t dropped() const;  // events that are in the file and not in the columns, though an analysis could want them

 private:
  int64_t counts_[static_cast<size_t>(Repair::kCount)] = {};
  int64_t first_[static_cast<size_t>(Repair::kCount)] = {};
};
bool is_drop(Repair repair);

// A process and thread, or a device and stream: one line of a timeline.
struct Lane {
  uint32_t pid = 0, tid = 0;  // texts, as ids of strings
  uint32_t process_name = 0, thread_name = 0;
};

// A "[memory]" instant of the allocator.
struct MemoryEvent {
  int64_t ts_ns = 0, address = 0, bytes = 0, allocated = 0, reserved = 0;
  int32_t device_type = -1, device_id = -1;  // 0 is the host, 1 CUDA (c10::DeviceType)
};

struct Trace {
  std::filesystem::path path;
  Json metadata = Json::object();  // the file's top level without its events
  StringTable strings;
  std::vector<Lane> lanes;
  std::vector<uint32_t> category_names;    // by category id
  std::vector<Category> category_kinds;    // by category id

  // One entry for each complete event ("X", or a "B" with its "E"), in the file's order.
  std::vector<int64_t> ts_ns, dur_ns;  // dur as written: may be negative
  std::vector<uint32_t> name, lane, index;  // index: place in traceEvents
  std::vector<int64_t> stream;         // -1: none
  std::vector<int64_t> correlation;    // -1: none
  std::vector<uint16_t> category;
  std::vector<uint32_t> paired;        // rows made from a "B" and an "E"
  ArgStore args;
  std::vector<MemoryEvent> memory;

  int64_t file_bytes = 0, text_bytes = 0;  // on disk, and as JSON
  int64_t events = 0;                      // elements of traceEvents
  int64_t flows = 0, instants = 0;
  bool fractional = false;                 // times have decimals (Kineto since 2024)
  bool missing_times = false;              // some event of any kind has no ts
  Repairs repairs;

  size_t size() const { return name.size(); }
  std::string_view name_of(uint32_t row) const { return strings.view(name[row]); }
  Category kind(uint32_t row) const { return category_kinds[category[row]]; }
  int64_t end_ns(uint32_t row) const { return ts_ns[row] + dur_ns[row]; }
  std::string_view text_arg(Arg arg, uint32_t row) const;

  // Makes room for `times` as many rows: growing by copies would leave holes as large as the columns themselves.
  void reserve(double times);
  // Frees what a view of the trace has in its own units.
  void forget_times();
  // Forgets all rows but these (ascending).
  void keep_rows(const std::vector<uint32_t>& rows);

  // From distributedInfo; -1 when the file does not say.
  int rank() const;
  int world_size() const;
  int64_t base_ns() const;  // add to ts_ns for Unix time
};

}  // namespace hasten::trace
