// Arguments of events: the keys that Kineto writes, and the sparse columns.
#include "hasten/trace/args.h"

#include <algorithm>
#include <array>
#include <bit>

namespace hasten::trace {
namespace {

struct Key {
  std::string_view text;
  Arg arg;
};

// Grouped by length below, so that a lookup compares one or two candidates.
constexpr Key kKeys[] = {
    {"stream", Arg::kStream},
    {"correlation", Arg::kCorrelation},
    {"External id", Arg::kExternalId},
    {"external id", Arg::kExternalId},
    {"device", Arg::kDevice},
    {"bytes", Arg::kBytes},
    {"wait_on_stream", Arg::kWaitOnStream},
    {"wait_on_cuda_event_record_corr_id", Arg::kWaitRecordCorrelation},
    {"Sequence number", Arg::kSequence},
    {"Fwd thread id", Arg::kForwardThread},
    {"Python id", Arg::kPythonId},
    {"Python parent id", Arg::kPythonParent},
    {"In msg nelems", Arg::kInElements},
    {"Out msg nelems", Arg::kOutElements},
    {"Group size", Arg::kGroupSize},
    {"Addr", Arg::kAddress},
    {"Bytes", Arg::kMemoryBytes},
    {"Total Allocated", Arg::kTotalAllocated},
    {"Total Reserved", Arg::kTotalReserved},
    {"Device Type", Arg::kDeviceType},
    {"Device Id", Arg::kDeviceId},
    {"graph node id", Arg::kGraphNode},
    {"shared memory", Arg::kSharedMemory},
    {"registers per thread", Arg::kRegisters},
    {"memory bandwidth (GB/s)", Arg::kBandwidth},
    {"est. achieved occupancy %", Arg::kOccupancy},
    {"blocks per SM", Arg::kBlocksPerSm},
    {"warps per SM", Arg::kWarpsPerSm},
    {"Collective name", Arg::kCollective},
    {"dtype", Arg::kDataType},
    {"Process Group Name", Arg::kGroupName},
    {"Process Group Description", Arg::kGroupDescription},
    {"Process Group Ranks", Arg::kGroupRanks},
    {"Input Dims", Arg::kInputDims},
    {"Input dims", Arg::kInputDims},
    {"Input type", Arg::kInputTypes},
    {"Concrete Inputs", Arg::kConcreteInputs},
    {"In split size", Arg::kInSplit},
    {"Out split size", Arg::kOutSplit},
    {"kernel_backend", Arg::kKernelBackend},
    {"kernel_hash", Arg::kKernelHash},
    {"cuda_sync_kind", Arg::kSyncKind},
    {"grid", Arg::kGrid},
    {"block", Arg::kBlock},
};
constexpr size_t kLongest = 40;

struct ByLength {
  std::array<std::array<uint8_t, 8>, kLongest> at{};
  std::array<uint8_t, kLongest> count{};
};

constexpr ByLength group_keys() {
  ByLength table;
  for (size_t i = 0; i < std::size(kKeys); ++i) {
    size_t length = kKeys[i].text.size();
    table.at[length][table.count[length]++] = static_cast<uint8_t>(i);
  }
  return table;
}
constexpr ByLength kByLength = group_keys();

}  // namespace

ArgKind arg_kind(Arg arg) {
  if (arg < Arg::kBandwidth) return ArgKind::kInteger;
  return arg < Arg::kCollective ? ArgKind::kReal : ArgKind::kText;
}

std::optional<Arg> find_arg(std::string_view key) {
  if (key.size() >= kLongest) return std::nullopt;
  for (size_t i = 0; i < kByLength.count[key.size()]; ++i) {
    const Key& candidate = kKeys[kByLength.at[key.size()][i]];
    if (candidate.text == key) return candidate.arg;
  }
  return std::nullopt;
}

void ArgStore::add(Arg arg, uint32_t row, int64_t value) {
  Column& column = columns_[static_cast<size_t>(arg)];
  if (!column.rows.empty() && column.rows.back() == row) {  // a key that comes twice: the last one counts, as in JSON
    column.values.back() = value;
    return;
  }
  column.rows.push_back(row);
  column.values.push_back(value);
}

std::optional<int64_t> ArgStore::integer(Arg arg, uint32_t row) const {
  const Column& column = columns_[static_cast<size_t>(arg)];
  auto at = std::lower_bound(column.rows.begin(), column.rows.end(), row);
  if (at == column.rows.end() || *at != row) return std::nullopt;
  return column.values[static_cast<size_t>(at - column.rows.begin())];
}

std::optional<double> ArgStore::real(Arg arg, uint32_t row) const {
  auto bits = integer(arg, row);
  if (!bits) return std::nullopt;
  return std::bit_cast<double>(*bits);
}

std::optional<uint32_t> ArgStore::text(Arg arg, uint32_t row) const {
  auto id = integer(arg, row);
  if (!id) return std::nullopt;
  return static_cast<uint32_t>(*id);
}

void ArgStore::keep_rows(const std::vector<uint32_t>& kept) {
  for (Column& column : columns_) {
    size_t out = 0;
    for (size_t i = 0; i < column.rows.size(); ++i) {
      auto at = std::lower_bound(kept.begin(), kept.end(), column.rows[i]);
      if (at == kept.end() || *at != column.rows[i]) continue;
      column.rows[out] = static_cast<uint32_t>(at - kept.begin());
      column.values[out++] = column.values[i];
    }
    column.rows.resize(out);
    column.values.resize(out);
  }
}

void ArgStore::reserve(double times) {
  for (Column& column : columns_) {
    auto rows = static_cast<size_t>(static_cast<double>(column.rows.size()) * times);
    column.rows.reserve(rows);
    column.values.reserve(rows);
  }
}

}  // namespace hasten::trace
