// The header of numpy's .npy files (NumPy Enhancement Proposal 1: a simple file format for NumPy arrays).
#include "hasten/loader/formats/npy_header.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/byte_order.h"

namespace hasten {
namespace {

constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr uint64_t kLargestNpyHeader = 1 << 16, kMostNpyDims = 32;

// Reads the Python dictionary {'descr': '<u2', 'fortran_order': False, 'shape': (3, 4), }.
class NpyDictionary {
 public:
  NpyDictionary(const InputFile& file, std::string_view text, uint64_t start)
      : file_(file), text_(text), start_(start) {}

  void parse(NpyHeader& header) {
    expect('{');
    while (!accept('}')) {
      const std::string key = word();
      expect(':');
      if (key == "descr") type(header);
      else if (key == "fortran_order") order();
      else if (key == "shape") shape(header);
      else fail(cat("expected descr, fortran_order or shape, got '", key, "'"));
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (header.type.empty() || !has_shape_) fail("expected descr and shape");
  }

 private:
  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const {
    fail_at_byte(file_.path(), start_ + at_, message, hint);
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(cat("expected '", c, "' in the header of the array"));
  }
  std::string word() {
    skip_space();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) fail("expected a word in quotes");
    const size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) fail("expected the end of a word in quotes");
    std::string inner(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return inner;
  }
  void type(NpyHeader& header) {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[')
      fail("expected an array of numbers, got one of records", "save each field as an array of its own");
    const size_t place = at_;
    header.type = word();
    at_ = place;
    if (header.type.find('O') != std::string::npos)
      fail("expected an array of numbers, got one of Python objects", "it is pickled, which is code: save numbers");
    if (header.type.size() != 3 || std::string_view("|<").find(header.type[0]) == std::string_view::npos ||
        std::string_view("biuf").find(header.type[1]) == std::string_view::npos ||
        std::string_view("1248").find(header.type[2]) == std::string_view::npos)
      fail(cat("expected little-endian numbers of 1 to 8 bytes, got ", header.type));
    header.value_bytes = static_cast<uint64_t>(header.type[2] - '0');
    word();
  }
  void order() {
    skip_space();
    if (text_.substr(at_).starts_with("True"))
      fail("expected an array in C's order, got Fortran's", "save numpy.ascontiguousarray(a)");
    if (!text_.substr(at_).starts_with("False")) fail("expected True or False");
    at_ += 5;
  }
  void shape(NpyHeader& header) {
    has_shape_ = true;
    header.count = 1;
    header.shape.clear();
    expect('(');
    while (!accept(')')) {
      skip_space();
      uint64_t dim = 0;
      size_t digits = 0;
      for (; at_ < text_.size() && digits < 16 && text_[at_] >= '0' && text_[at_] <= '9'; ++at_, ++digits)
        dim = dim * 10 + static_cast<uint64_t>(text_[at_] - '0');
      if (digits == 0 || digits == 16 || header.shape.size() == kMostNpyDims) fail("expected the sizes of the array");
      if (dim != 0 && header.count > (uint64_t{1} << 56) / dim)
        fail("expected sizes whose product is the size of a file");
      header.count *= dim;
      header.shape.push_back(dim);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
  }

  const InputFile& file_;
  std::string_view text_;
  uint64_t start_;
  size_t at_ = 0;
  bool has_shape_ = false;
};

}  // namespace

NpyHeader read_npy_header(const InputFile& file) {
  const std::vector<uint8_t> start = file.read(0, 10);
  if (!std::equal(kNpyMagic.begin(), kNpyMagic.end(), start.begin(),
                  [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; }))
    fail_at_byte(file.path(), 0, cat("expected the magic number of a .npy file, got ", bytes_text(start)));
  const uint8_t version = start[6];
  if (version < 1 || version > 3 || start[7] != 0)
    fail_at_byte(file.path(), 6,
                 cat("expected version 1, 2 or 3 of the format, got ", int{version}, ".", int{start[7]}));
  const uint64_t begin = version == 1 ? 10 : 12;
  const uint64_t length = version == 1 ? le16(&start[8]) : le32(file.read(8, 4).data());
  if (length > kLargestNpyHeader)
    fail_at_byte(file.path(), 8, cat("expected a header of at most ", kLargestNpyHeader, " bytes, got ", length));
  const std::vector<uint8_t> text = file.read(begin, length);
  NpyHeader header;
  NpyDictionary(file, {reinterpret_cast<const char*>(text.data()), text.size()}, begin).parse(header);
  header.data = begin + length;
  if (const uint64_t bytes = header.count * header.value_bytes; file.size() - header.data != bytes)
    fail_at_byte(file.path(), header.data,
                 cat("expected ", bytes, " bytes of values, got ", file.size() - header.data));
  return header;
}

bool begins_like_npy(const std::filesystem::path& path) {
  try {
    InputFile file(path);
    std::array<uint8_t, 6> first{};
    return file.read_some(0, first) == first.size() &&
           std::string_view(reinterpret_cast<const char*>(first.data()), first.size()) == kNpyMagic;
  } catch (const DataError&) {
    return false;
  }
}

std::vector<int32_t> read_npy_labels(const std::filesystem::path& path, int32_t most) {
  InputFile file(path);
  const NpyHeader header = read_npy_header(file);
  const bool one_dimension = header.shape.size() == 1 || (header.shape.size() == 2 && header.shape[1] == 1);
  if (!one_dimension || (header.type[1] != 'i' && header.type[1] != 'u'))
    fail_at_byte(
        path, 10,
        cat("expected labels as whole numbers in one dimension, got ", header.type, " in ", header.shape.size()));
  std::vector<int32_t> labels;
  constexpr uint64_t kAtOnce = 1 << 16;
  const uint64_t width = header.value_bytes;
  for (uint64_t first = 0; first < header.count; first += kAtOnce) {
    const uint64_t count = std::min(kAtOnce, header.count - first);
    const std::vector<uint8_t> bytes = file.read(header.data + first * width, count * width);
    for (uint64_t i = 0; i < count; ++i) {
      uint64_t value = 0;
      for (uint64_t b = 0; b < width; ++b) value |= uint64_t{bytes[i * width + b]} << (8 * b);
      const bool negative = header.type[1] == 'i' && (bytes[i * width + width - 1] & 0x80) != 0;
      if (negative || value > static_cast<uint64_t>(most))
        fail_at_byte(
            path, header.data + (first + i) * width,
            cat("expected a label in 0..", most, ", got ", negative ? "a negative one" : std::to_string(value)));
      labels.push_back(static_cast<int32_t>(value));
    }
  }
  return labels;
}

}  // namespace hasten
