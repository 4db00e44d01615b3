// Columns of a MosaicML Streaming data set (its MDS format, version 2).
#include "hasten/loader/formats/mds_columns.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/byte_order.h"
#include "hasten/loader/formats/image_kind.h"
#include "hasten/loader/formats/input.h"

namespace hasten {
namespace {

constexpr size_t kMostMdsColumns = 256;
constexpr uint32_t kMdsLongestMode = 16;

// "int" and numpy's names: sign and width.
struct MdsInteger {
  bool is_signed;
  uint32_t bytes;
};
std::optional<MdsInteger> integer_of(std::string_view encoding) {
  if (encoding == "int" || encoding == "int64") return MdsInteger{true, 8};
  if (encoding == "int8") return MdsInteger{true, 1};
  if (encoding == "int16") return MdsInteger{true, 2};
  if (encoding == "int32") return MdsInteger{true, 4};
  if (encoding == "uint8") return MdsInteger{false, 1};
  if (encoding == "uint16") return MdsInteger{false, 2};
  if (encoding == "uint32") return MdsInteger{false, 4};
  if (encoding == "uint64") return MdsInteger{false, 8};
  return {};
}

bool is_label_encoding(std::string_view encoding) { return integer_of(encoding) || encoding == "str_int"; }

// A type in an array: its code in the record, its width, and what it is to us.
struct MdsArrayType {
  std::string_view name;
  uint8_t code;
  uint32_t bytes;
};
constexpr std::array<MdsArrayType, 11> kMdsArrayTypes{{{"uint8", 8, 1},
                                                       {"int8", 9, 1},
                                                       {"uint16", 16, 2},
                                                       {"int16", 17, 2},
                                                       {"float16", 18, 2},
                                                       {"uint32", 32, 4},
                                                       {"int32", 33, 4},
                                                       {"float32", 34, 4},
                                                       {"uint64", 64, 8},
                                                       {"int64", 65, 8},
                                                       {"float64", 66, 8}}};

// An array as it stands in a record: the encoding "ndarray[:TYPE[:SHAPE]]" fixes some of it.
class MdsArray {
 public:
  MdsArray(std::string_view encoding, std::span<const uint8_t> bytes, const std::string& path, uint64_t offset)
      : bytes_(bytes), path_(path), offset_(offset) {
    const std::vector<std::string> words = split(encoding, ':');  // "ndarray", type, shape
    if (words.size() > 1) set_type([&](const MdsArrayType& type) { return type.name == words[1]; }, words[1]);
    else {
      const uint8_t code = take(1)[0];
      set_type([&](const MdsArrayType& type) { return type.code == code; }, cat("code ", int{code}));
    }
    if (words.size() > 2) {
      for (const std::string& word : split(words[2], ',')) add_dim(number_of(word));
    } else {
      const uint8_t head = take(1)[0];
      const uint32_t width = 1U << (head & 3);
      for (int i = 0; i < head >> 2; ++i) {
        const std::span<const uint8_t> raw = take(width);
        uint64_t dim = 0;
        for (uint32_t b = 0; b < width; ++b) dim |= uint64_t{raw[b]} << (8 * b);
        add_dim(dim);
      }
    }
    uint64_t count = 1;
    for (uint64_t dim : shape_) count *= dim;  // at most 2^32 each, three of them
    if (shape_.empty() || bytes_.size() % type_.bytes != 0 || bytes_.size() / type_.bytes != count)
      fail(cat("expected an array of ", count, " values of ", type_.bytes, " bytes, got ", bytes_.size(), " bytes"));
  }

  SamplePayload payload() const {
    const size_t rank = shape_.size();
    if (rank == 1 && (type_.name == "uint16" || type_.name == "uint32" || type_.name == "int32"))
      return {bytes_, type_.bytes == 2 ? Codec::kTokens16 : Codec::kTokens32, 0, 0, 0, -1};
    if (type_.name != "uint8" || (rank != 2 && rank != 3)) return refuse();
    SamplePayload payload{bytes_, Codec::kRaw, 0, 0, 1, -1};
    auto is_channels = [](uint64_t dim) { return dim == 1 || dim == 3 || dim == 4; };
    size_t height = 0;
    if (rank == 3 && is_channels(shape_[2])) {
      payload.channels = static_cast<uint8_t>(shape_[2]);
    } else if (rank == 3 && is_channels(shape_[0])) {
      payload.channels = static_cast<uint8_t>(shape_[0]);
      payload.codec = Codec::kPlanar;
      height = 1;
    } else if (rank == 3) {
      return refuse();
    }
    if (shape_[height] > 65535 || shape_[height + 1] > 65535) return refuse();
    payload.height = static_cast<uint32_t>(shape_[height]);
    payload.width = static_cast<uint32_t>(shape_[height + 1]);
    return payload;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const { fail_at_byte(path_, offset_, message); }
  [[noreturn]] SamplePayload refuse() const {
    std::vector<std::string> sizes;
    for (uint64_t dim : shape_) sizes.push_back(std::to_string(dim));
    fail(cat("expected images as uint8 in H x W, H x W x C or C x H x W, or tokens as uint16, uint32 or int32, got ",
             type_.name, " in ", join(sizes, " x ")));
  }
  std::span<const uint8_t> take(size_t count) {
    if (bytes_.size() < count) fail("truncated: expected the type and the shape of an array");
    const std::span<const uint8_t> taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    offset_ += count;
    return taken;
  }
  template <class Matches>
  void set_type(Matches matches, const std::string& name) {
    const auto found = std::find_if(kMdsArrayTypes.begin(), kMdsArrayTypes.end(), matches);
    if (found == kMdsArrayTypes.end()) fail(cat("expected a type of numpy's, got ", name));
    type_ = *found;
  }
  void add_dim(uint64_t dim) {
    if (dim == 0 || dim > UINT32_MAX / 2048 || shape_.size() == 3)
      fail("expected an array of 1 to 3 dimensions of usual sizes");
    shape_.push_back(dim);
  }
  static uint64_t number_of(const std::string& word) {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    return error == std::errc() && end == word.data() + word.size() ? value : 0;
  }

  std::span<const uint8_t> bytes_;
  const std::string& path_;
  uint64_t offset_;
  MdsArrayType type_{};
  std::vector<uint64_t> shape_;
};

// Width, height, length of the mode, mode, pixels.
SamplePayload pil_payload(std::span<const uint8_t> bytes, const std::string& path, uint64_t offset) {
  if (bytes.size() < 12) fail_at_byte(path, offset, "truncated: expected the size of an image");
  const uint32_t width = le32(&bytes[0]), height = le32(&bytes[4]), length = le32(&bytes[8]);
  if (length > kMdsLongestMode || bytes.size() - 12 < length)
    fail_at_byte(path, offset + 8, cat("expected the mode of an image, got one of ", length, " bytes"));
  const std::string mode(bytes.begin() + 12, bytes.begin() + 12 + length);
  const uint8_t channels = mode == "L" ? 1 : mode == "RGB" ? 3 : mode == "RGBA" ? 4 : 0;
  if (channels == 0)
    fail_at_byte(path, offset + 12, cat("expected an image of mode L, RGB or RGBA, got \"", mode, "\""));
  const std::span<const uint8_t> pixels = bytes.subspan(12 + length);
  if (width == 0 || height == 0 || width > 65535 || height > 65535 ||
      pixels.size() != uint64_t{width} * height * channels)
    fail_at_byte(
        path, offset,
        cat("expected the ", pixels.size(), " bytes of an image, got ", width, " x ", height, " x ", int{channels}));
  return {pixels, Codec::kRaw, width, height, channels, -1};
}

}  // namespace

MdsColumns::MdsColumns(const Json& shard, const std::string& path) {
  auto list = [&](const char* key) -> const Json& {
    const auto found = shard.find(key);
    if (found == shard.end() || !found->is_array() || found->size() > kMostMdsColumns)
      throw DataError(path, "", cat("expected a list \"", key, "\" in the description of each shard"));
    return *found;
  };
  const Json &names = list("column_names"), &encodings = list("column_encodings"), &sizes = list("column_sizes");
  if (names.size() != encodings.size() || names.size() != sizes.size())
    throw DataError(path, "", "expected a name, an encoding and a size for each column");
  for (size_t c = 0; c < names.size(); ++c) {
    if (!names[c].is_string() || !encodings[c].is_string() || !(sizes[c].is_null() || sizes[c].is_number_unsigned()))
      throw DataError(path, "", cat("expected a name, an encoding and a size for column ", c));
    Column column{names[c].get<std::string>(), encodings[c].get<std::string>(), 0};
    if (sizes[c].is_number_unsigned()) {
      if (sizes[c].get<uint64_t>() > UINT32_MAX) throw DataError(path, "", cat("expected a size for column ", c));
      column.bytes = sizes[c].get<uint32_t>();
    }
    if (const std::optional<MdsInteger> integer = integer_of(column.encoding);
        integer && integer->bytes != column.bytes)
      throw DataError(path, "",
                      cat("expected ", integer->bytes, " bytes for column ", column.name, ", got ", column.bytes));
    variable_ += column.bytes == 0 ? 1 : 0;
    columns_.push_back(std::move(column));
  }
  choose(path);
}

// The first image, else the first array, else the first text; names decide where there are several.
bool MdsColumns::choose_sample() {
  auto find = [&](auto wanted) {
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (!wanted(columns_[c])) continue;
      sample_ = c;
      return true;
    }
    return false;
  };
  auto is_array = [](const Column& c) { return c.encoding == "ndarray" || c.encoding.starts_with("ndarray:"); };
  kind_ = Kind::kImage;
  codec_ = Codec::kJpeg;
  if (find([](const Column& c) { return c.encoding == "jpeg"; })) return true;
  codec_ = Codec::kPng;
  if (find([](const Column& c) { return c.encoding == "png"; })) return true;
  kind_ = Kind::kPil;
  codec_ = Codec::kRaw;
  if (find([](const Column& c) { return c.encoding == "pil"; })) return true;
  kind_ = Kind::kArray;
  codec_ = Codec::kTokens16;
  if (find([&](const Column& c) { return is_array(c) && (c.name == "tokens" || c.name == "input_ids"); })) return true;
  codec_ = Codec::kRaw;
  if (find(is_array)) return true;
  kind_ = Kind::kText;
  codec_ = Codec::kText;
  if (find([](const Column& c) { return c.encoding == "str" && c.name == "text"; })) return true;
  if (find([](const Column& c) { return c.encoding == "str"; })) return true;
  kind_ = Kind::kImage;  // bytes say themselves what they are
  codec_ = Codec::kJpeg;
  return find([](const Column& c) { return c.encoding == "bytes"; });
}

void MdsColumns::choose(const std::string& path) {
  std::vector<std::string> seen;
  for (const Column& column : columns_) seen.push_back(column.name + " (" + column.encoding + ")");
  if (!choose_sample())
    throw DataError(path, "", cat("expected a column of images, text or tokens, got ", ordinal_list(seen)),
                    "encodings that are read: jpeg, png, pil, ndarray, str, bytes; pkl is code and is never run");
  constexpr std::array<std::string_view, 6> kLabels{"label", "labels", "class", "cls", "target", "y"};
  for (size_t c = 0; c < columns_.size(); ++c) {
    if (std::find(kLabels.begin(), kLabels.end(), columns_[c].name) == kLabels.end()) continue;
    if (columns_[c].encoding == "pkl")
      throw DataError(path, "", cat("expected numbers in the column ", columns_[c].name, ", got pickled objects"),
                      "pickle is code and is never run: write the labels as int");
    if (is_label_encoding(columns_[c].encoding)) label_ = c;
    if (label_) return;
  }
  const auto integers = [](const Column& column) { return is_label_encoding(column.encoding); };
  if (kind_ != Kind::kText && std::count_if(columns_.begin(), columns_.end(), integers) == 1)
    label_ = static_cast<size_t>(std::find_if(columns_.begin(), columns_.end(), integers) - columns_.begin());
}

std::span<const uint8_t> MdsColumns::column_of(std::span<const uint8_t> record, size_t wanted, const std::string& path,
                                               uint64_t offset) const {
  const uint64_t head = 4 * variable_;
  if (record.size() < head)
    fail_at_byte(
        path, offset,
        cat("truncated: expected a record with the sizes of ", variable_, " columns, got ", record.size(), " bytes"));
  uint64_t at = head, begin = 0, bytes = 0;
  for (size_t c = 0, variable = 0; c < columns_.size(); ++c) {
    const uint64_t here = columns_[c].bytes != 0 ? columns_[c].bytes : le32(&record[4 * variable++]);
    if (c == wanted) {
      begin = at;
      bytes = here;
    }
    at += here;
  }
  if (at != record.size())
    fail_at_byte(path, offset, cat("expected columns of ", at, " bytes in all, the record has ", record.size()));
  return record.subspan(begin, bytes);
}

int64_t MdsColumns::label_of(std::span<const uint8_t> bytes, const std::string& path, uint64_t offset) const {
  const std::string& encoding = columns_[*label_].encoding;
  int64_t label = -1;
  if (encoding == "str_int") {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), label);
    if (error != std::errc() || end != text.data() + text.size()) label = -1;
  } else {
    const MdsInteger integer = *integer_of(encoding);
    uint64_t value = 0;
    for (uint32_t b = 0; b < integer.bytes; ++b) value |= uint64_t{bytes[b]} << (8 * b);
    const bool negative = integer.is_signed && (bytes[integer.bytes - 1] & 0x80) != 0;
    if (!negative && value <= INT32_MAX) label = static_cast<int64_t>(value);
  }
  if (label < 0 || label > INT32_MAX)
    fail_at_byte(path, offset,
                 cat("expected the number of a class in column ", columns_[*label_].name, ", got ", bytes_text(bytes)));
  return label;
}

SamplePayload MdsColumns::payload(std::span<const uint8_t> record, const std::string& path, uint64_t offset) const {
  const std::span<const uint8_t> bytes = column_of(record, sample_, path, offset);
  const uint64_t at = offset + static_cast<uint64_t>(bytes.data() - record.data());
  SamplePayload payload;
  switch (kind_) {
    case Kind::kPil: payload = pil_payload(bytes, path, at); break;
    case Kind::kArray: payload = MdsArray(columns_[sample_].encoding, bytes, path, at).payload(); break;
    case Kind::kText: payload = {bytes, Codec::kText, 0, 0, 0, -1}; break;
    case Kind::kImage: {
      SampleEntry entry;
      entry.offset = at;
      payload = image_payload(entry, bytes, path);
    }
  }
  if (label_) payload.label = label_of(column_of(record, *label_, path, offset), path, offset);
  return payload;
}

}  // namespace hasten
