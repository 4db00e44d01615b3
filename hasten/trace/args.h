// Arguments of events that the analyses use: which there are, and a compact store for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace hasten::trace {

// What an argument's value is kept as.
enum class ArgKind : uint8_t { kInteger, kReal, kText };

enum class Arg : uint8_t {
  // integers
  kStream,
  kCorrelation,
  kExternalId,
  kDevice,
  kBytes,
  kWaitOnStream,
  kWaitRecordCorrelation,
  kSequence,
  kForwardThread,
  kPythonId,
  kPythonParent,
  kInElements,
  kOutElements,
  kGroupSize,
  kAddress,
  kMemoryBytes,
  kTotalAllocated,
  kTotalReserved,
  kDeviceType,
  kDeviceId,
  kGraphNode,
  kSharedMemory,
  kRegisters,
  // reals
  kBandwidth,
  kOccupancy,
  kBlocksPerSm,
  kWarpsPerSm,
  // text: strings as they are, lists and objects as JSON
  kCollective,
  kDataType,
  kGroupName,
  kGroupDescription,
  kGroupRanks,
  kInputDims,
  kInputTypes,
  kConcreteInputs,
  kInSplit,
  kOutSplit,
  kKernelBackend,
  kKernelHash,
  kSyncKind,
  kGrid,
  kBlock,
  kAll,
  kCount
};
inline constexpr size_t kArgCount = static_cast<size_t>(Arg::kCount);

ArgKind arg_kind(Arg arg);
// The argument that Kineto writes under this key.
std::optional<Arg> find_arg(std::string_view key);

// For each kind of argument the rows that have it, ascending, and its value (text: an id of the string table).
class ArgStore {
 public:
  struct Column {
    std::vector<uint32_t> rows;
    std::vector<int64_t> values;  // reals: their bits
  };

  void add(Arg arg, uint32_t row, int64_t value);
  std::optional<int64_t> integer(Arg arg, uint32_t row) const;
  std::optional<double> real(Arg arg, uint32_t row) const;
  std::optional<uint32_t> text(Arg arg, uint32_t row) const;
  const Column& column(Arg arg) const { return columns_[static_cast<size_t>(arg)]; }
  // Forgets all rows but these (ascending), which are numbered anew.
  void keep_rows(const std::vector<uint32_t>& kept);
  void reserve(double times);  // room for `times` as many

 private:
  Column columns_[kArgCount];
};

}  // namespace hasten::trace
