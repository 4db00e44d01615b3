// The events of a run as TensorBoard's event file: protobuf messages Event { wall_time = 1, step = 2, file_version = 3,
// summary = 5 { value = 1 { tag = 1, simple_value = 2 } } }, each in a frame with checksums.
#include "hasten/evaluate/tensorboard_log.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "hasten/evaluate/importers/tfrecord.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate {
namespace {

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 128; value >>= 7) out += static_cast<char>(value | 128);
  out += static_cast<char>(value);
}

template <class T>
void put_fixed(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

void put_bytes(std::string& out, int field, std::string_view bytes) {
  put_varint(out, static_cast<uint64_t>(field) << 3 | 2);
  put_varint(out, bytes.size());
  out += bytes;
}

void put_scalar(std::string& summary, const std::string& tag, double number) {
  std::string value;
  put_bytes(value, 1, tag);
  put_varint(value, 2 << 3 | 5);
  put_fixed(value, static_cast<float>(number));
  put_bytes(summary, 1, value);
}

std::string frame(const std::string& message) {
  std::string out;
  put_fixed(out, static_cast<uint64_t>(message.size()));
  put_fixed(out, masked_crc32c(out));
  out += message;
  put_fixed(out, masked_crc32c(message));
  return out;
}

std::string head_of(double wall_time) {
  std::string message;
  put_varint(message, 1 << 3 | 1);
  put_fixed(message, wall_time);
  return message;
}

double unix_now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

}  // namespace

TensorboardLog::TensorboardLog(const std::filesystem::path& directory) : file_(directory / kFile, 0) {
  std::vector<EventRecord> before;
  if (std::filesystem::exists(directory / "events.jsonl"))
    read_events(directory / "events.jsonl", [&](EventRecord&& event) { before.push_back(std::move(event)); });
  double passed = 0;
  for (const EventRecord& event : before) passed = std::max(passed, event.t_total.value_or(0));
  start_ = unix_now() - passed;
  std::string version = head_of(start_);
  put_bytes(version, 3, "brain.Event:2");
  file_.append(frame(version));
  for (const EventRecord& event : before) append(event);
}

void TensorboardLog::append(const EventRecord& event) {
  std::string summary;
  for (const MetricValue& metric : event.metrics) {
    const bool trained = metric.weights.empty() || metric.weights == "raw";
    put_scalar(summary, metric.split + "/" + metric.name + (trained ? "" : " (" + metric.weights + ")"), metric.value);
  }
  auto progress = [&](const char* name, const std::optional<double>& value) {
    if (value) put_scalar(summary, std::string("progress/") + name, *value);
  };
  progress("lr", event.lr);
  progress("epoch", event.epoch);
  progress("samples", event.samples);
  progress("flops", event.flops);
  progress("joules", event.joules);
  progress("train_s", event.t_train);
  progress("loader_wait_s", event.loader_wait);
  if (summary.empty() || !event.step) return;  // a restart, or a word of the writer's
  std::string message = head_of(start_ + event.t_total.value_or(0));
  put_varint(message, 2 << 3 | 0);
  put_varint(message, static_cast<uint64_t>(*event.step));
  put_bytes(message, 5, summary);
  file_.append(frame(message));
}

}  // namespace hasten::evaluate
