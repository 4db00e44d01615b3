// What can be known of a shard that may be damaged.
#include "hasten/loader/shards/survey.h"

#include <algorithm>
#include <cstring>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/shards/frame_scan.h"

namespace hasten::shards {
namespace {

constexpr uint64_t kIndexChunk = uint64_t{1} << 22;  // bytes at once

// One pass over the parts of a file, each of which adds what it finds.
class Surveyor {
 public:
  explicit Surveyor(const InputFile& file) : file_(file) {}

  Survey run() {
    read_headers();
    if (!found_.header) {
      scan_all();
      return std::move(found_);
    }
    check_zeros(kHeaderBytes, kPageBytes, "padding after the header");
    read_index();
    fill_from_frames();
    read_tables();
    const ShardHeader& header = *found_.header;
    check_zeros(end_of(header.keys), header.classes.offset, "padding after the keys");
    check_zeros(end_of(header.classes), header.note.offset, "padding after the class names");
    check_zeros(end_of(header.note), header.file_bytes - kHeaderBytes, "padding after the note");
    return std::move(found_);
  }

 private:
  static uint64_t end_of(const Section& section) { return section.offset + section.bytes; }

  void damaged(Place place, uint64_t byte, std::string message, int64_t sample = -1) {
    found_.damages.push_back({file_.path(), place, sample, byte, std::move(message), {}});
  }

  // Bytes that may not be there, or not come from the disk; empty then. Said once for each part.
  std::vector<uint8_t> bytes_at(Place place, uint64_t offset, uint64_t bytes) {
    try {
      return file_.read(offset, bytes);
    } catch (const DataError& error) {
      damaged(place, offset, error.what());
      return {};
    }
  }

  std::optional<ShardHeader> header_at(uint64_t offset) {
    std::vector<uint8_t> bytes;
    try {
      file_.read(offset, kHeaderBytes, bytes);
    } catch (const DataError&) {
      return std::nullopt;
    }
    ShardHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (!is_sealed(header)) return std::nullopt;
    // A sealed header of the future is no damage, and must not be mended.
    if (header.version != kVersion || (header.required_features & ~kKnownFeatures) != 0) {
      const Defect defect = *defect_of(header, header.file_bytes);
      throw DataError(file_.path().string(), cat("byte ", offset + defect.byte), defect.message, defect.hint);
    }
    if (auto defect = defect_of(header, header.file_bytes)) {
      damaged(offset == 0 ? Place::kHeader : Place::kHeaderCopy, offset + defect->byte, defect->message);
      return std::nullopt;
    }
    return header;
  }

  // The byte where two headers differ first.
  uint64_t difference(uint64_t damaged_at, uint64_t good_at) {
    if (damaged_at + kHeaderBytes > file_.size()) return damaged_at;
    const std::vector<uint8_t> bad = bytes_at(Place::kFile, damaged_at, kHeaderBytes),
                               good = bytes_at(Place::kFile, good_at, kHeaderBytes);
    if (bad.size() != good.size()) return damaged_at;
    const auto at = std::mismatch(bad.begin(), bad.end(), good.begin()).first;
    return damaged_at + static_cast<uint64_t>(at == bad.end() ? 0 : at - bad.begin());
  }

  void read_headers() {
    const std::optional<ShardHeader> front = header_at(0);
    const uint64_t size = file_.size();
    if (front) {
      found_.header = front;
      if (size != front->file_bytes)
        damaged(Place::kFile, std::min(size, front->file_bytes),
                cat("the file has ", size, " bytes, its header says ", front->file_bytes,
                    size < front->file_bytes ? ": it was cut off" : ": something was added"));
      if (size < front->file_bytes) return;
      const uint64_t copy_at = front->file_bytes - kHeaderBytes;
      const std::vector<uint8_t> copy = bytes_at(Place::kHeaderCopy, copy_at, kHeaderBytes);
      if (!copy.empty() && std::memcmp(copy.data(), &*front, kHeaderBytes) != 0)
        damaged(Place::kHeaderCopy, difference(copy_at, 0), "it differs from the header, which is good");
      return;
    }
    const std::optional<ShardHeader> back = size >= kHeaderBytes ? header_at(size - kHeaderBytes) : std::nullopt;
    if (back && back->file_bytes == size) {
      found_.header = back;
      damaged(Place::kHeader, difference(0, size - kHeaderBytes), "it is damaged; its copy is good");
      return;
    }
    damaged(Place::kHeader, 0, "it is damaged, and so is its copy: what can be found are the samples by their frames");
  }

  void check_zeros(uint64_t begin, uint64_t end, const char* what) {
    end = std::min(end, file_.size());
    if (begin >= end) return;
    const std::vector<uint8_t> bytes = bytes_at(Place::kPadding, begin, end - begin);
    const auto at = std::find_if(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte != 0; });
    if (at != bytes.end())
      damaged(Place::kPadding, begin + static_cast<uint64_t>(at - bytes.begin()), cat(what, " is not zero"));
  }

  void read_index() {
    const ShardHeader& header = *found_.header;
    const uint64_t available = file_.size() > header.index.offset ? file_.size() - header.index.offset : 0;
    const uint64_t there = std::min(header.samples, available / kEntryBytes);
    // A header can name more samples than the file has room for only where it was cut off: each has a frame.
    const uint64_t possible = std::min(header.samples, file_.size() / kEntryBytes);
    found_.entries.resize(possible);
    if (possible < header.samples)
      damaged(Place::kIndex, file_.size(), cat("samples from ", possible, " on are beyond the end of the file"),
              static_cast<int64_t>(possible));
    std::vector<uint8_t> bytes;
    for (uint64_t begin = 0; begin < std::min(there, possible);) {
      const uint64_t end = std::min({there, possible, begin + kIndexChunk / kEntryBytes});
      bytes = bytes_at(Place::kIndex, header.index.offset + begin * kEntryBytes, (end - begin) * kEntryBytes);
      for (uint64_t i = begin; i < end && !bytes.empty(); ++i) take_entry(i, bytes.data() + (i - begin) * kEntryBytes);
      begin = end;
    }
  }

  void take_entry(uint64_t i, const uint8_t* bytes) {
    IndexEntry entry;
    std::memcpy(&entry, bytes, sizeof entry);
    const ShardHeader& header = *found_.header;
    if (auto defect = defect_of(entry, header))
      return damaged(Place::kIndex, header.index.offset + i * kEntryBytes, *defect, static_cast<int64_t>(i));
    found_.entries[i].entry = entry;
  }

  // Entries that the index has lost, from the frames between those that it has.
  void fill_from_frames() {
    const ShardHeader& header = *found_.header;
    std::vector<SurveyedEntry>& entries = found_.entries;
    uint64_t at = header.data_offset;
    for (size_t i = 0; i < entries.size();) {
      if (entries[i].entry) {
        at = entries[i].entry->offset + entries[i].entry->bytes;
        ++i;
        continue;
      }
      size_t end = i;
      while (end < entries.size() && !entries[end].entry) ++end;
      const uint64_t until =
          end < entries.size() ? entries[end].entry->offset - kEntryBytes : header.data_offset + header.data_bytes;
      size_t next = i;
      scan_frames(file_, at, std::min(until, file_.size()), [&](const IndexEntry& frame) {
        if (next < end && !defect_of(frame, header)) entries[next++] = {frame, true};
      });
      i = end;
    }
  }

  void read_tables() {
    const ShardHeader& header = *found_.header;
    found_.keys.resize(found_.entries.size());
    const std::vector<uint8_t> keys = table(Place::kKey, header.keys);
    if (header.keys.bytes != 0) {
      const bool whole = !keys.empty() && hash_of(keys) == header.keys.hash;
      bool named = false;
      for (uint64_t i = 0; i < found_.entries.size(); ++i) {
        std::optional<std::string> key = keys.empty() ? std::nullopt : string_at(keys, i);
        const auto& entry = found_.entries[i].entry;
        if (key && (whole || (entry && key_hash_of(*key) == entry->key_hash))) {
          found_.keys[i] = std::move(key);
        } else if (!keys.empty() && entry) {
          named = true;
          damaged(Place::kKey, header.keys.offset + 8 + 8 * i, "the name does not have the checksum of its entry",
                  static_cast<int64_t>(i));
        }
      }
      if (!keys.empty() && !whole && !named) damaged(Place::kKey, header.keys.offset, "the table of names is damaged");
    }
    const std::vector<uint8_t> classes = table(Place::kClasses, header.classes);
    found_.classes_good = classes.size() == header.classes.bytes && hash_of(classes) == header.classes.hash;
    if (!found_.classes_good && !classes.empty())
      damaged(Place::kClasses, header.classes.offset, "the table does not have its checksum");
    for (uint64_t i = 0; found_.classes_good && i < strings_in(classes).value_or(0); ++i)
      found_.classes.push_back(string_at(classes, i).value_or(""));
    const std::vector<uint8_t> note = table(Place::kNote, header.note);
    found_.note_good = note.size() == header.note.bytes && hash_of(note) == header.note.hash;
    if (!found_.note_good && !note.empty())
      damaged(Place::kNote, header.note.offset, "the note does not have its checksum");
    if (found_.note_good) found_.note.assign(note.begin(), note.end());
  }

  // Tables beyond the end of a file that was cut off: that was said already.
  std::vector<uint8_t> table(Place place, const Section& section) {
    if (section.bytes == 0 || end_of(section) > file_.size()) return {};
    return bytes_at(place, section.offset, section.bytes);
  }

  // Without any header: every frame that there is.
  void scan_all() {
    scan_frames(file_, std::min(kPageBytes, file_.size()), file_.size(), [&](const IndexEntry& frame) {
      if (!record_defect_of(frame)) found_.entries.push_back({frame, true});
    });
    found_.keys.resize(found_.entries.size());
  }

  const InputFile& file_;
  Survey found_;
};

}  // namespace

std::string_view name_of(Place place) {
  constexpr std::array<std::string_view, 11> kNames{
      "file",   "header", "copy of the header", "padding", "index", "frame",
      "record", "name",   "class names",        "note",    "set"};
  return kNames.at(static_cast<size_t>(place));
}

std::string text_of(const Damage& damage) {
  std::string text = damage.shard.string();
  if (damage.place != Place::kSet) text += cat(", byte ", damage.byte);
  if (damage.sample >= 0)
    text += cat(", sample ", damage.sample, damage.name.empty() ? "" : cat(" (", damage.name, ")"));
  return cat(text, ", ", name_of(damage.place), ": ", damage.message);
}

Survey survey(const InputFile& file) { return Surveyor(file).run(); }

}  // namespace hasten::shards
