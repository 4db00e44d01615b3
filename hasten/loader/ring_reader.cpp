// Many reads in flight at once by io_uring.
#include "hasten/loader/ring_reader.h"

#include <liburing.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

constexpr size_t kBufferAlignment = 4096;
constexpr uint64_t kWakeTag = ~uint64_t{0};

struct ReadInFlight {
  int64_t ticket = 0;
  uint64_t offset = 0, bytes = 0, done = 0;
  std::shared_ptr<const int> descriptor;
};

}  // namespace

struct RingReader::Impl {
  FileStore& files;
  size_t stride;
  io_uring ring{};
  std::unique_ptr<uint8_t, decltype(&std::free)> arena;
  std::vector<ReadInFlight> reads;  // one a buffer
  mutable std::mutex mutex;
  std::vector<int> free;
  std::atomic<bool> registered{false};
  int event = -1;
  uint64_t event_value = 0;
  bool event_armed = false;
  unsigned flying = 0;

  Impl(FileStore& store, unsigned depth, size_t bytes)
      : files(store),
        stride((bytes + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment),
        arena(static_cast<uint8_t*>(std::aligned_alloc(kBufferAlignment, stride * depth)), &std::free),
        reads(depth) {
    HASTEN_CHECK(arena != nullptr, "memory for read buffers");
    const int code = io_uring_queue_init(2 * depth, &ring, 0);
    HASTEN_CHECK(code == 0, cat("io_uring does not start: ", std::strerror(-code)));
    iovec whole{arena.get(), stride * depth};
    // Unprivileged processes may lock only so much memory; reads work without registration, a little slower.
    registered = io_uring_register_buffers(&ring, &whole, 1) == 0;
    event = eventfd(0, EFD_CLOEXEC);
    HASTEN_CHECK(event >= 0, "an eventfd");
    for (unsigned i = 0; i < depth; ++i) free.push_back(static_cast<int>(i));
  }
  ~Impl() {
    io_uring_queue_exit(&ring);
    ::close(event);
  }
  uint8_t* buffer(int number) const { return arena.get() + static_cast<size_t>(number) * stride; }

  io_uring_sqe* next_entry() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring);
    if (entry == nullptr) {
      io_uring_submit(&ring);
      entry = io_uring_get_sqe(&ring);
    }
    HASTEN_CHECK(entry != nullptr, "room in the submission queue");
    return entry;
  }
  void send(int number) {
    ReadInFlight& read = reads[static_cast<size_t>(number)];
    io_uring_sqe* entry = next_entry();
    uint8_t* to = buffer(number) + read.done;
    const auto bytes = static_cast<unsigned>(read.bytes - read.done);
    if (registered) io_uring_prep_read_fixed(entry, *read.descriptor, to, bytes, read.offset + read.done, 0);
    else io_uring_prep_read(entry, *read.descriptor, to, bytes, read.offset + read.done);
    io_uring_sqe_set_data64(entry, static_cast<uint64_t>(number));
  }
  void arm_event() {
    if (event_armed) return;
    io_uring_sqe* entry = next_entry();
    io_uring_prep_read(entry, event, &event_value, sizeof event_value, 0);
    io_uring_sqe_set_data64(entry, kWakeTag);
    event_armed = true;
  }
  void finish(const io_uring_cqe& completion, std::vector<Finished>& out) {
    if (completion.user_data == kWakeTag) {
      event_armed = false;
      return;
    }
    const auto number = static_cast<int>(completion.user_data);
    ReadInFlight& read = reads[static_cast<size_t>(number)];
    const int result = completion.res;
    if (result == -EINTR || result == -EAGAIN) return send(number);
    if (result > 0) {
      read.done += static_cast<uint64_t>(result);
      if (read.done < read.bytes) return send(number);  // a short read: the rest once more
    }
    --flying;
    read.descriptor.reset();
    out.push_back({read.ticket,
                   number,
                   {buffer(number), read.done},
                   result < 0 ? -result : (read.done < read.bytes ? ENODATA : 0)});
  }
};

bool RingReader::available(std::string& why) {
  io_uring ring{};
  const int code = io_uring_queue_init(2, &ring, 0);
  if (code != 0) {
    why = std::strerror(-code);
    return false;
  }
  io_uring_queue_exit(&ring);
  return true;
}

RingReader::RingReader(FileStore& files, unsigned depth, size_t buffer_bytes)
    : impl_(std::make_unique<Impl>(files, depth, buffer_bytes)), buffer_bytes_(impl_->stride) {}

RingReader::~RingReader() {
  // The kernel writes into the buffers until every read has ended.
  std::vector<Finished> rest;
  while (impl_->flying > 0) wait(rest, 1'000'000'000);
}

unsigned RingReader::free_buffers() const {
  std::lock_guard lock(impl_->mutex);
  return static_cast<unsigned>(impl_->free.size());
}

unsigned RingReader::in_flight() const { return impl_->flying; }
bool RingReader::registered() const { return impl_->registered; }

void RingReader::submit(int64_t ticket, const SampleEntry& entry) {
  std::shared_ptr<const int> descriptor = impl_->files.descriptor(entry.file);
  int number = -1;
  {
    std::lock_guard lock(impl_->mutex);
    HASTEN_CHECK(!impl_->free.empty() && fits(entry), "a buffer for the read");
    number = impl_->free.back();
    impl_->free.pop_back();
  }
  impl_->reads[static_cast<size_t>(number)] = {ticket, entry.offset, entry.bytes, 0, std::move(descriptor)};
  ++impl_->flying;
  impl_->send(number);
}

void RingReader::wait(std::vector<Finished>& out, int64_t most_ns) {
  impl_->arm_event();
  __kernel_timespec most{most_ns / 1'000'000'000, most_ns % 1'000'000'000};
  io_uring_cqe* completion = nullptr;
  io_uring_submit_and_wait_timeout(&impl_->ring, &completion, 1, &most, nullptr);
  unsigned head = 0, seen = 0;
  // finish() may submit anew, which never moves the completion queue.
  io_uring_for_each_cqe(&impl_->ring, head, completion) {
    impl_->finish(*completion, out);
    ++seen;
  }
  io_uring_cq_advance(&impl_->ring, seen);
}

void RingReader::give_back(int buffer) {
  std::lock_guard lock(impl_->mutex);
  impl_->free.push_back(buffer);
}

void RingReader::wake() {
  const uint64_t one = 1;
  // Only fails when the counter is full, and then the thread wakes anyway.
  [[maybe_unused]] const ssize_t written = ::write(impl_->event, &one, sizeof one);
}

}  // namespace hasten
