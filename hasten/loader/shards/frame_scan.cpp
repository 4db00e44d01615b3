// Finds samples by the frames in front of them.
#include "hasten/loader/shards/frame_scan.h"

#include <algorithm>
#include <cstring>

#include "hasten/base/error.h"

namespace hasten::shards {
namespace {

constexpr uint64_t kWindow = uint64_t{1} << 20;

}  // namespace

void scan_frames(const InputFile& file, uint64_t begin, uint64_t end,
                 const std::function<void(const IndexEntry&)>& found) {
  std::vector<uint8_t> window;
  uint64_t window_at = 0;
  auto at = align_up(begin, kRecordAlign);
  while (at <= end && end - at >= kEntryBytes) {
    if (at < window_at || at + kEntryBytes > window_at + window.size()) {
      try {
        file.read(at, std::min(kWindow, end - at), window);
      } catch (const DataError&) {  // the disk does not give it: behind it there may be more
        window.clear();
        at += kPageBytes;
        continue;
      }
      window_at = at;
    }
    IndexEntry frame;
    std::memcpy(&frame, window.data() + (at - window_at), sizeof frame);
    // A frame names its own place, which only a frame does by more than chance.
    if (frame.offset == at + kEntryBytes && frame.bytes <= end - frame.offset && is_sealed(frame)) {
      found(frame);
      at = align_up(frame.offset + frame.bytes, kRecordAlign);
    } else {
      at += kRecordAlign;
    }
  }
}

}  // namespace hasten::shards
