// Reading and writing the safetensors layout.
#include "hasten/base/safetensors.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMostHeaderBytes = 100'000'000;  // as the format's own reader has it
constexpr int kMostDimensions = 64, kMostDepth = 3;
constexpr size_t kAlignment = 8;

struct StoredType {
  std::string_view name;
  uint64_t bits;
};
constexpr std::array<StoredType, 20> kTypes{
    {{"BOOL", 8},    {"U8", 8},      {"I8", 8},      {"U16", 16},    {"I16", 16},    {"U32", 32},  {"I32", 32},
     {"U64", 64},    {"I64", 64},    {"F64", 64},    {"F32", 32},    {"F16", 16},    {"BF16", 16}, {"C64", 64},
     {"F8_E4M3", 8}, {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4}}};

uint64_t bits_of(std::string_view name) {
  for (const StoredType& type : kTypes) {
    if (type.name == name) return type.bits;
  }
  return 0;
}

uint64_t read_length(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = kLengthBytes; i-- > 0;) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  return value;
}

// Where a tensor says that it lies, counted from the first byte behind the header.
struct Place {
  uint64_t begin = 0, end = 0;
  std::string name;
};

class HeaderReader {
 public:
  HeaderReader(const std::filesystem::path& path, std::string_view bytes) : path_(path), bytes_(bytes) {}

  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> metadata;

  void read() {
    if (bytes_.size() < kLengthBytes) fail(bytes_.size(), "truncated: shorter than the 8 bytes of a length");
    const uint64_t length = read_length(bytes_);
    if (length > kMostHeaderBytes)
      fail(0, cat("a header of ", length, " bytes: not a safetensors file, or damaged; at most ", kMostHeaderBytes));
    if (length > bytes_.size() - kLengthBytes)
      fail(bytes_.size(), cat("truncated: the header should end at byte ", kLengthBytes + length));
    data_begin_ = kLengthBytes + length;
    if (length == 0 || bytes_[kLengthBytes] != '{') fail(kLengthBytes, "a header that is not a JSON object");
    const nlohmann::json header = parse(bytes_.substr(kLengthBytes, length));
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") read_metadata(entry);
      else read_tensor(name, entry);
    }
    check_cover();
  }

 private:
  [[noreturn]] void fail(uint64_t byte, const std::string& what) const {
    throw DataError(path_.string(), cat("byte ", byte), what);
  }
  [[noreturn]] void fail_tensor(const std::string& name, const std::string& what) const {
    throw DataError(path_.string(), cat("byte ", kLengthBytes),
                    cat("header, tensor '", name.substr(0, 100), "': ", what));
  }

  // Sorted keys, since a map whose search is linear takes forever on a hostile header; no name twice, nothing deeper or
  // longer than the format has.
  nlohmann::json parse(std::string_view text) const {
    std::set<std::string> names;
    int elements = 0;
    using Event = nlohmann::json::parse_event_t;
    auto watch = [&](int depth, Event event, nlohmann::json& value) {
      if (event == Event::key && depth == 1 && !names.insert(value.get<std::string>()).second)
        fail_tensor(value.get<std::string>(), "twice");
      if (event == Event::array_start) elements = 0;
      const bool opens = event == Event::array_start || event == Event::object_start;
      if (opens && depth >= kMostDepth) fail(kLengthBytes, "a header that is nested deeper than the format has it");
      if (event == Event::value && depth >= kMostDepth && ++elements > kMostDimensions)
        fail(kLengthBytes, cat("a header with a list of more than ", kMostDimensions, " numbers"));
      return true;
    };
    try {
      return nlohmann::json::parse(text, watch);
    } catch (const nlohmann::json::parse_error& error) {
      fail(kLengthBytes + error.byte, "not valid JSON in the header");
    } catch (const nlohmann::json::out_of_range&) {
      fail(kLengthBytes, "a number in the header is too large");
    }
  }

  void read_metadata(const nlohmann::json& entry) {
    if (!entry.is_object()) fail(kLengthBytes, "header: __metadata__ is not an object");
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) fail(kLengthBytes, cat("header: __metadata__.", key.substr(0, 100), " is not a text"));
      metadata[key] = value.get<std::string>();
    }
  }

  uint64_t whole(const std::string& name, const nlohmann::json& value, const char* what) const {
    const bool fits = value.is_number_unsigned() && value.get<uint64_t>() <= std::numeric_limits<int64_t>::max();
    if (!fits) fail_tensor(name, cat("expected a whole number as ", what));
    return value.get<uint64_t>();
  }

  void read_tensor(const std::string& name, const nlohmann::json& entry) {
    const bool complete = entry.is_object() && entry.contains("dtype") && entry["dtype"].is_string() &&
                          entry.contains("shape") && entry["shape"].is_array() && entry.contains("data_offsets") &&
                          entry["data_offsets"].is_array() && entry["data_offsets"].size() == 2 && entry.size() == 3;
    if (!complete) fail_tensor(name, "expected dtype, shape and two data_offsets");
    StoredTensor tensor;
    tensor.type = entry["dtype"].get<std::string>();
    uint64_t bits = bits_of(tensor.type);
    if (bits == 0) fail_tensor(name, cat("unknown type '", tensor.type.substr(0, 20), "'"));
    for (const nlohmann::json& size : entry["shape"]) {
      const uint64_t extent = whole(name, size, "extent");
      tensor.shape.push_back(static_cast<int64_t>(extent));
      if (__builtin_mul_overflow(bits, extent, &bits)) fail_tensor(name, "a shape of more elements than can be");
    }
    const Place place{whole(name, entry["data_offsets"][0], "offset"), whole(name, entry["data_offsets"][1], "offset"),
                      name};
    const uint64_t size = bytes_.size() - data_begin_;
    if (place.begin > place.end) fail_tensor(name, cat("ends at ", place.end, ", before it begins at ", place.begin));
    if (place.end > size) {
      fail(bytes_.size(),
           cat("truncated: tensor '", name.substr(0, 100), "' should end at byte ", data_begin_ + place.end));
    }
    if (bits % 8 != 0 || bits / 8 != place.end - place.begin)
      fail(data_begin_ + place.begin, cat("tensor '", name.substr(0, 100), "' has ", place.end - place.begin,
                                          " bytes, its type and shape make ", bits, " bits"));
    tensor.bytes = bytes_.substr(data_begin_ + place.begin, place.end - place.begin);
    tensors.emplace(name, std::move(tensor));
    places_.push_back(place);
  }

  // Every byte behind the header belongs to one tensor.
  void check_cover() {
    std::sort(places_.begin(), places_.end(),
              [](const Place& a, const Place& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
    uint64_t reached = 0;
    for (const Place& place : places_) {
      if (place.begin != reached) {
        fail(data_begin_ + place.begin, cat("tensor '", place.name.substr(0, 100), "' ",
                                            place.begin < reached ? "overlaps the one" : "leaves a gap",
                                            " before it, which ends at byte ", data_begin_ + reached));
      }
      reached = place.end;
    }
    if (reached != bytes_.size() - data_begin_) {
      fail(data_begin_ + reached, cat(bytes_.size() - data_begin_ - reached, " bytes that belong to no tensor"));
    }
  }

  const std::filesystem::path& path_;
  std::string_view bytes_;
  uint64_t data_begin_ = 0;
  std::vector<Place> places_;
};

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : SafetensorsFile(path, read_file(path)) {}

SafetensorsFile::SafetensorsFile(std::filesystem::path path, std::string bytes)
    : path_(std::move(path)), bytes_(std::make_unique<const std::string>(std::move(bytes))) {
  HeaderReader reader(path_, *bytes_);
  reader.read();
  tensors_ = std::move(reader.tensors);
  metadata_ = std::move(reader.metadata);
}

const StoredTensor* SafetensorsFile::find(const std::string& name) const {
  auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

std::string SafetensorsFile::metadata_or(const std::string& key, std::string otherwise) const {
  auto found = metadata_.find(key);
  return found == metadata_.end() ? otherwise : found->second;
}

SafetensorsWriter::SafetensorsWriter() : header_(std::make_unique<Json>(Json::object())) {}
SafetensorsWriter::~SafetensorsWriter() = default;

void SafetensorsWriter::add(const std::string& name, std::string_view type, const std::vector<int64_t>& shape,
                            std::string_view bytes) {
  HASTEN_CHECK(names_.insert(name).second, "two tensors are named " + name);
  const size_t begin = data_.size();
  data_.append(bytes);
  // Not by operator[], which looks through all names before.
  header_->get_ref<Json::object_t&>().emplace_back(
      name, Json{{"dtype", std::string(type)}, {"shape", shape}, {"data_offsets", Json::array({begin, data_.size()})}});
}

std::string SafetensorsWriter::file(const std::vector<std::pair<std::string, std::string>>& metadata) const {
  Json header = *header_;
  Json& texts = header["__metadata__"] = Json::object();
  for (const auto& [key, value] : metadata) texts[key] = value;
  std::string text = header.dump();
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  std::string file;
  file.reserve(kLengthBytes + text.size() + data_.size());
  for (size_t i = 0; i < kLengthBytes; ++i) file.push_back(static_cast<char>(text.size() >> (8 * i)));
  file += text;
  file += data_;
  return file;
}

}  // namespace hasten
