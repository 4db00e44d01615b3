// Checkpoints in the safetensors layout.
#include "hasten/train/checkpoint.h"

#include <ATen/ops/empty_strided.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/hash.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

constexpr const char* kDigest = "digest.xxh3";
constexpr size_t kDigestBytes = 8;

struct TypeName {
  at::ScalarType type;
  const char* name;
};
constexpr std::array<TypeName, 8> kTypes{{{at::kFloat, "F32"},
                                          {at::kDouble, "F64"},
                                          {at::kBFloat16, "BF16"},
                                          {at::kHalf, "F16"},
                                          {at::kLong, "I64"},
                                          {at::kInt, "I32"},
                                          {at::kByte, "U8"},
                                          {at::kBool, "BOOL"}}};

const char* type_text(at::ScalarType type) {
  for (const TypeName& entry : kTypes) {
    if (entry.type == type) return entry.name;
  }
  throw InternalError("a tensor of a type that checkpoints do not hold");
}

at::ScalarType type_of(const std::string& text, const std::filesystem::path& path) {
  for (const TypeName& entry : kTypes) {
    if (text == entry.name) return entry.type;
  }
  throw DataError(path.string(), "header", "a tensor of unknown type '" + text + "'");
}

void append_u64(std::string& out, uint64_t value) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t read_u64(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 8; i-- > 0;) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  return value;
}

// Collects every value; tensors are copied at once in logical order, so strides do not enter the file.
class SaveVisitor final : public StateVisitor {
 public:
  bool loading() const override { return false; }
  Json header = Json::object(), values = Json::object();
  std::string data;

 private:
  void on_tensor(const std::string& name, at::Tensor& value) override {
    HASTEN_CHECK(!header.contains(name), "two parts of the state are named " + name);
    if (!value.defined()) {
      values[name] = nullptr;
      return;
    }
    at::Tensor host = value.detach().cpu().contiguous();
    size_t begin = data.size();
    data.append(static_cast<const char*>(host.const_data_ptr()), host.nbytes());
    header[name] = {{"dtype", type_text(host.scalar_type())},
                    {"shape", host.sizes().vec()},
                    {"data_offsets", {begin, data.size()}}};
  }
  void on_integer(const std::string& name, int64_t& value) override { put(name, value); }
  void on_number(const std::string& name, double& value) override { put(name, value); }
  void on_text(const std::string& name, std::string& value) override { put(name, value); }
  void on_integers(const std::string& name, std::vector<int64_t>& value) override { put(name, value); }
  template <class T>
  void put(const std::string& name, const T& value) {
    HASTEN_CHECK(!values.contains(name), "two parts of the state are named " + name);
    values[name] = value;
  }
};

}  // namespace

struct CheckpointReader::Contents {
  std::string bytes;
  Json header, values;
  size_t data_begin = 0;
};

namespace {

class LoadVisitor final : public StateVisitor {
 public:
  LoadVisitor(const std::filesystem::path& path, const Json& header, const Json& values, std::string_view data)
      : path_(path), header_(header), values_(values), data_(data) {}
  bool loading() const override { return true; }
  std::set<std::string> used;

 private:
  [[noreturn]] void mismatch(const std::string& name, const std::string& what) const {
    throw DataError(path_.string(), name, what, "the checkpoint was written by another recipe or another build");
  }
  const Json& value(const std::string& name) {
    if (!values_.contains(name)) mismatch(name, "missing in the checkpoint");
    used.insert(name);
    return values_[name];
  }
  void on_tensor(const std::string& name, at::Tensor& out) override {
    if (values_.contains(name) && values_[name].is_null()) {
      used.insert(name);
      out.reset();
      return;
    }
    if (!header_.contains(name)) mismatch(name, "missing in the checkpoint");
    used.insert(name);
    const Json& entry = header_[name];
    auto shape = entry["shape"].get<std::vector<int64_t>>();
    auto begin = entry["data_offsets"][0].get<size_t>();
    void* raw = const_cast<char*>(data_.data() + begin);  // from_blob takes no const; the copy below only reads
    at::Tensor saved = at::from_blob(raw, shape, at::TensorOptions(type_of(entry["dtype"], path_)));
    if (!out.defined()) {
      out = saved.clone();
      return;
    }
    if (out.sizes().vec() != shape || out.scalar_type() != saved.scalar_type())
      mismatch(name, "a tensor of another shape or type");
    c10::NoGradGuard no_grad;
    out.copy_(saved);
  }
  void on_integer(const std::string& name, int64_t& out) override { out = value(name).get<int64_t>(); }
  void on_number(const std::string& name, double& out) override { out = value(name).get<double>(); }
  void on_text(const std::string& name, std::string& out) override { out = value(name).get<std::string>(); }
  void on_integers(const std::string& name, std::vector<int64_t>& out) override {
    out = value(name).get<std::vector<int64_t>>();
  }

  const std::filesystem::path& path_;
  const Json& header_;
  const Json& values_;
  std::string_view data_;
};

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const CheckpointInfo& info, const EnumerateState& state) {
  SaveVisitor visitor;
  state(visitor);
  size_t end = visitor.data.size();
  visitor.header[kDigest] = {{"dtype", "U8"}, {"shape", {kDigestBytes}}, {"data_offsets", {end, end + kDigestBytes}}};
  // Readers of safetensors expect texts in the metadata.
  visitor.header["__metadata__"] = {{"format", "hasten-checkpoint"},
                                    {"version", std::to_string(kCheckpointVersion)},
                                    {"recipe_hash", info.recipe_hash},
                                    {"seed", std::to_string(info.seed)},
                                    {"step", std::to_string(info.step)},
                                    {"generation", std::to_string(info.generation)},
                                    {"events_offset", std::to_string(info.events_offset)},
                                    {"values", visitor.values.dump()}};
  std::string header = visitor.header.dump();
  header.append((8 - header.size() % 8) % 8, ' ');
  std::string file;
  file.reserve(8 + header.size() + end + kDigestBytes);
  append_u64(file, header.size());
  file += header;
  file += visitor.data;
  append_u64(file, hash64(file));
  write_file_atomic(path, file);
}

CheckpointReader::CheckpointReader(const std::filesystem::path& path)
    : path_(path), contents_(std::make_unique<Contents>()) {
  Contents& c = *contents_;
  c.bytes = read_file(path);
  auto fail = [&](const std::string& where, const std::string& what) {
    throw DataError(path.string(), where, what, "resume from an older checkpoint: remove this file and call again");
  };
  if (c.bytes.size() < 8 + kDigestBytes) fail(cat("byte ", c.bytes.size()), "truncated checkpoint");
  uint64_t header_bytes = read_u64(c.bytes);
  if (header_bytes > c.bytes.size() - 8 - kDigestBytes) fail(cat("byte ", c.bytes.size()), "truncated checkpoint");
  std::string_view all = c.bytes;
  if (hash64(all.substr(0, all.size() - kDigestBytes)) != read_u64(all.substr(all.size() - kDigestBytes))) {
    fail("", cat("checksum does not match: truncated or corrupt (", all.size(), " bytes)"));
  }
  c.header = parse_json(all.substr(8, header_bytes), path);
  c.data_begin = 8 + header_bytes;
  const Json& metadata = c.header["__metadata__"];
  int version = std::stoi(metadata.value("version", "0"));
  if (metadata.value("format", "") != "hasten-checkpoint") fail("header", "not a checkpoint of hasten");
  if (version > kCheckpointVersion) {
    throw DataError(path.string(), "header",
                    cat("checkpoint of version ", version, ", newer than ", kCheckpointVersion), "use a newer hasten");
  }
  c.values = parse_json(metadata["values"].get<std::string>(), path);
  auto integer = [&](const char* key) { return std::stoll(metadata[key].get<std::string>()); };
  info_ = {metadata["recipe_hash"].get<std::string>(), std::stoull(metadata["seed"].get<std::string>()),
           integer("step"), integer("generation"), integer("events_offset")};
}

CheckpointReader::~CheckpointReader() = default;
CheckpointReader::CheckpointReader(CheckpointReader&&) noexcept = default;

void CheckpointReader::restore(const EnumerateState& state, Extent extent) const {
  const Contents& c = *contents_;
  LoadVisitor visitor(path_, c.header, c.values, std::string_view(c.bytes).substr(c.data_begin));
  state(visitor);
  if (extent == Extent::kPart) return;
  for (const auto& [name, entry] : c.header.items()) {
    if (name == "__metadata__" || name == kDigest || visitor.used.contains(name)) continue;
    throw DataError(path_.string(), name, "saved by something that this run does not have");
  }
}

std::filesystem::path checkpoint_path(const std::filesystem::path& run, int64_t step) {
  std::string digits = std::to_string(step);
  return run / "checkpoints" /
         ("step-" + std::string(12 - std::min<size_t>(12, digits.size()), '0') + digits + ".safetensors");
}

std::vector<std::filesystem::path> list_checkpoints(const std::filesystem::path& run) {
  std::vector<std::filesystem::path> found;
  if (!std::filesystem::is_directory(run / "checkpoints")) return found;
  for (const auto& entry : std::filesystem::directory_iterator(run / "checkpoints")) {
    if (entry.path().extension() == ".safetensors") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void remove_old_checkpoints(const std::filesystem::path& run, int64_t keep) {
  std::vector<std::filesystem::path> all = list_checkpoints(run);
  for (size_t i = 0; i + static_cast<size_t>(keep) < all.size(); ++i) std::filesystem::remove(all[i]);
}

}  // namespace hasten
