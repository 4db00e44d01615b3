// Checkpoints in the safetensors layout.
#include "hasten/train/checkpoint.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/hash.h"
#include "hasten/base/json.h"
#include "hasten/base/safetensors.h"
#include "hasten/base/text.h"
#include "hasten/nn/stored_tensor.h"

namespace hasten {
namespace {

constexpr const char* kFormat = "hasten-checkpoint";
constexpr const char* kDigest = "digest.xxh3";
constexpr size_t kDigestBytes = 8;

// Whole, but not for this program.
class NewerCheckpoint final : public DataError {
 public:
  using DataError::DataError;
};

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
  SafetensorsWriter tensors;
  Json values = Json::object();

 private:
  void on_tensor(const std::string& name, at::Tensor& value) override {
    if (value.defined()) store(tensors, name, value);
    else put(name, nullptr);
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
  SafetensorsFile file;
  Json values;
};

namespace {

class LoadVisitor final : public StateVisitor {
 public:
  LoadVisitor(const SafetensorsFile& file, const Json& values, at::Device device)
      : file_(file), values_(values), device_(device) {}
  bool loading() const override { return true; }
  at::Device device() const override { return device_; }
  std::set<std::string> used;

 private:
  [[noreturn]] void mismatch(const std::string& name, const std::string& what) const {
    throw DataError(file_.path().string(), name, what, "the checkpoint was written by another recipe or another build");
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
    const StoredTensor* stored = file_.find(name);
    if (stored == nullptr) mismatch(name, "missing in the checkpoint");
    used.insert(name);
    at::Tensor saved = load(file_, name, *stored);
    if (!out.defined()) {
      out = saved.to(device_);
      return;
    }
    if (out.sizes() != saved.sizes() || out.scalar_type() != saved.scalar_type())
      mismatch(name, "a tensor of another shape or type");
    c10::NoGradGuard no_grad;
    out.copy_(saved);
  }
  template <class T>
  void take(const std::string& name, T& out) {
    try {
      out = value(name).get<T>();
    } catch (const Json::exception&) {
      mismatch(name, "a value of another kind");
    }
  }
  void on_integer(const std::string& name, int64_t& out) override { take(name, out); }
  void on_number(const std::string& name, double& out) override { take(name, out); }
  void on_text(const std::string& name, std::string& out) override { take(name, out); }
  void on_integers(const std::string& name, std::vector<int64_t>& out) override { take(name, out); }

  const SafetensorsFile& file_;
  const Json& values_;
  at::Device device_;
};

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const CheckpointInfo& info, const EnumerateState& state) {
  SaveVisitor visitor;
  state(visitor);
  visitor.tensors.add(kDigest, "U8", {kDigestBytes}, std::string(kDigestBytes, '\0'));
  // Readers of safetensors expect texts in the metadata.
  std::string file = visitor.tensors.file({{"format", kFormat},
                                           {"version", std::to_string(kCheckpointVersion)},
                                           {"recipe_hash", info.recipe_hash},
                                           {"seed", std::to_string(info.seed)},
                                           {"step", std::to_string(info.step)},
                                           {"generation", std::to_string(info.generation)},
                                           {"events_offset", std::to_string(info.events_offset)},
                                           {"values", visitor.values.dump()}});
  file.resize(file.size() - kDigestBytes);
  append_u64(file, hash64(file));
  write_file_atomic(path, file);
}

CheckpointReader::CheckpointReader(const std::filesystem::path& path) : CheckpointReader(path, read_file(path)) {}

CheckpointReader::CheckpointReader(const std::filesystem::path& path, std::string bytes) : path_(path) {
  auto fail = [&](const std::string& where, const std::string& what) {
    throw DataError(path.string(), where, what, "resume from an older checkpoint: remove this file and call again");
  };
  const std::string_view all = bytes;
  if (all.size() < 8 + kDigestBytes) fail(cat("byte ", all.size()), "truncated checkpoint");
  if (hash64(all.substr(0, all.size() - kDigestBytes)) != read_u64(all.substr(all.size() - kDigestBytes))) {
    fail("", cat("checksum does not match: truncated or corrupt (", all.size(), " bytes)"));
  }
  SafetensorsFile file(path, std::move(bytes));
  if (file.metadata_or("format", "") != kFormat) fail("header", "not a checkpoint of hasten");
  auto integer = [&](const char* key) {
    const std::string text = file.metadata_or(key, "");
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) fail("header", cat(key, " is not a whole number"));
    return value;
  };
  if (int64_t version = integer("version"); version > kCheckpointVersion) {
    throw NewerCheckpoint(path.string(), "header",
                          cat("checkpoint of version ", version, ", newer than ", kCheckpointVersion),
                          "use a newer hasten");
  }
  Json values = parse_json(file.metadata_or("values", ""), path);
  if (!values.is_object()) fail("header", "values are not an object");
  const std::string seed = file.metadata_or("seed", "");
  info_.seed = std::strtoull(seed.c_str(), nullptr, 10);
  if (std::to_string(info_.seed) != seed) fail("header", "seed is not a whole number");
  info_.recipe_hash = file.metadata_or("recipe_hash", "");
  info_.step = integer("step");
  info_.generation = integer("generation");
  info_.events_offset = integer("events_offset");
  contents_ = std::make_unique<Contents>(Contents{std::move(file), std::move(values)});
}

CheckpointReader::~CheckpointReader() = default;
CheckpointReader::CheckpointReader(CheckpointReader&&) noexcept = default;

void CheckpointReader::restore(const EnumerateState& state, Extent extent, at::Device device) const {
  const Contents& c = *contents_;
  LoadVisitor visitor(c.file, c.values, device);
  state(visitor);
  if (extent == Extent::kPart) return;
  for (const auto& [name, entry] : c.file.tensors()) {
    if (name == kDigest || visitor.used.contains(name)) continue;
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
    const std::filesystem::path& path = entry.path();
    const bool ours = path.extension() == ".safetensors" && path.filename().string().starts_with("step-");
    if (ours) found.push_back(path);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::unique_ptr<CheckpointReader> newest_checkpoint(const std::filesystem::path& run,
                                                    std::vector<std::string>* skipped) {
  const std::vector<std::filesystem::path> paths = list_checkpoints(run);
  for (size_t i = paths.size(); i-- > 0;) {
    try {
      return std::make_unique<CheckpointReader>(paths[i]);
    } catch (const NewerCheckpoint&) {
      throw;
    } catch (const DataError& error) {
      if (i == 0) {
        throw DataError(error.path(), error.location(), error.reason(),
                        paths.size() > 1 ? "no checkpoint of this run is whole: train it anew"
                                         : "it is the run's only checkpoint: train it anew");
      }
      if (skipped != nullptr) skipped->push_back(cat(error.what(), "; going on from an older checkpoint"));
    }
  }
  return nullptr;
}

void remove_checkpoints(const std::filesystem::path& run) {
  const std::vector<std::filesystem::path> all = list_checkpoints(run);
  for (const std::filesystem::path& path : all) std::filesystem::remove(path);
}

void set_newer_checkpoints_aside(const std::filesystem::path& run, int64_t step) {
  const std::vector<std::filesystem::path> all = list_checkpoints(run);
  for (const std::filesystem::path& path : all) {
    // Kept: what could not be read today may be whole.
    if (path > checkpoint_path(run, step)) std::filesystem::rename(path, path.string() + ".broken");
  }
}

void remove_old_checkpoints(const std::filesystem::path& run, int64_t keep) {
  std::vector<std::filesystem::path> all = list_checkpoints(run);
  for (size_t i = 0; i + static_cast<size_t>(keep) < all.size(); ++i) std::filesystem::remove(all[i]);
}

}  // namespace hasten
