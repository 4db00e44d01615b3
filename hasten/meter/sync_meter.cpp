// Through LibTorch's operator callbacks: every read of a number ends in one operator.
#include "hasten/meter/sync_meter.h"

#include <ATen/record_function.h>

#include <atomic>
#include <memory>
#include <string_view>

#include "hasten/base/clock.h"

namespace hasten {
namespace {

constexpr std::string_view kReadsOneNumber = "aten::_local_scalar_dense";

// The callback is one function for the process, so all meters share what it counts.
std::atomic<int64_t> all_syncs{0}, all_ns{0};

struct Waiting final : at::ObserverContext {
  int64_t since = now_ns();
};

std::unique_ptr<at::ObserverContext> begin_wait(const at::RecordFunction& function) {
  if (std::string_view(function.name()) != kReadsOneNumber) return nullptr;
  return std::make_unique<Waiting>();
}

void end_wait(const at::RecordFunction&, at::ObserverContext* context) {
  if (context == nullptr) return;
  ++all_syncs;
  all_ns += now_ns() - static_cast<Waiting*>(context)->since;
}

}  // namespace

SyncMeter::SyncMeter()
    : callback_(at::addGlobalCallback(
          at::RecordFunctionCallback(&begin_wait, &end_wait).scopes({at::RecordScope::FUNCTION}))) {}

SyncMeter::~SyncMeter() { at::removeCallback(callback_); }

SyncMeter::Reading SyncMeter::reading() const { return {all_syncs, all_ns}; }

}  // namespace hasten
