// What some images of a data set say of all.
#include "hasten/loader/survey.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/codecs/decode.h"
#include "hasten/loader/file_store.h"

namespace hasten {
namespace {

constexpr uint64_t kUnpackedBytes = uint64_t{1} << 30;

}  // namespace

ImageSurvey survey_images(const SampleIndex& index, int64_t most) {
  ImageSurvey seen;
  FileStore files(index, ReadMode::kRead, kUnpackedBytes);
  std::vector<uint8_t> buffer;
  const int64_t size = index.size(), count = std::min(most, size);
  if (size == 0)
    throw DataError(index.files().empty() ? "" : index.files()[0].path.string(), "", "there are no samples");
  for (int64_t i = 0; i < count; ++i) {
    const int64_t sample = i * size / count;
    const SampleEntry entry = index.entry(sample);
    ImageSize image{static_cast<int>(entry.width), static_cast<int>(entry.height), entry.channels};
    if (entry.width == 0 || entry.height == 0 || entry.channels == 0) {
      try {
        const Record record = files.read(entry, buffer);
        image = image_size(index.payload(sample, entry, record.bytes));
      } catch (const DataError& error) {
        if (!error.path().empty()) throw;
        throw DataError(index.files().at(entry.file).path.string(), index.describe(sample), error.reason(),
                        error.hint());
      }
    }
    const int64_t width = image.width, height = image.height;
    seen.least_width = i == 0 ? width : std::min(seen.least_width, width);
    seen.least_height = i == 0 ? height : std::min(seen.least_height, height);
    seen.most_width = std::max(seen.most_width, width);
    seen.most_height = std::max(seen.most_height, height);
    seen.channels = std::max<int64_t>(seen.channels, image.channels);
    ++seen.looked;
  }
  seen.classes = static_cast<int64_t>(index.classes().size());
  for (int64_t i = 0; i < size; ++i) {
    const SampleEntry entry = index.entry(i);
    int64_t label = entry.label;
    if (label < 0 && seen.classes > 0) break;  // names are enough
    if (label < 0) {
      const Record record = files.read(entry, buffer);
      label = index.payload(i, entry, record.bytes).label;
    }
    seen.classes = std::max(seen.classes, label + 1);
  }
  return seen;
}

}  // namespace hasten
