// Fuzzes every importer and the readers of records, claims and mappings: whatever the bytes are, the answer is runs or an
// error with a place. Built with libFuzzer (clang, -DHASTEN_FUZZ=ON) or with a driver of its own that replays the corpus
// and mutates it the same way every time.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/claim_file.h"
#include "hasten/evaluate/comparison.h"
#include "hasten/evaluate/importers/importers.h"
#include "hasten/evaluate/importers/mapping.h"
#include "hasten/evaluate/importers/tfrecord.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/evaluate/scoring/algoperf.h"
#include "hasten/evaluate/scoring/score_table.h"
#include "hasten/report/comparison_html.h"
#include "tests/fuzz/scratch_folder.h"

namespace {

namespace fs = std::filesystem;
using namespace hasten;
using namespace hasten::evaluate;

void put(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  AppendFile file(path, 0);
  file.append(bytes);
}

// What was imported must be comparable and printable.
void use(std::vector<Run> runs) {
  if (runs.empty()) return;
  for (Run& run : runs) run.record.workload = "w";
  CompareOptions options;
  options.baseline = runs[0].record.group.empty() ? runs[0].record.id : runs[0].record.group;
  options.resamples = 20;
  std::vector<Comparison> comparisons;
  comparisons.push_back(compare(std::move(runs), options));
  std::string page = report::comparison_html(comparisons);
  if (page.find("<script>alert") != std::string::npos) std::abort();
}

void import(const char* format, const char* name, const std::string& bytes, const char* mapping = "") {
  put(scratch_folder() / name, bytes);
  ImportOptions options;
  options.mapping = mapping;
  MemorySink sink;
  find_importer(format).read({scratch_folder() / name}, options, sink);
  use(std::move(sink.runs));
}

// Records of event files with checksums that fit, which no mutation would find: a byte of length before each.
std::string framed(const std::string& bytes) {
  auto raw = [](auto value) { return std::string(reinterpret_cast<const char*>(&value), sizeof value); };
  std::string file;
  for (size_t at = 0; at < bytes.size();) {
    std::string record = bytes.substr(at + 1, static_cast<unsigned char>(bytes[at]));
    at += 1 + record.size();
    std::string length = raw(static_cast<uint64_t>(record.size()));
    file += length + raw(masked_crc32c(length)) + record + raw(masked_crc32c(record));
  }
  return file;
}

// What the first byte of an input says it is for.
constexpr std::array<std::string_view, 15> kKinds{
    "csv",     "csv-wandb",   "csv-mlflow", "jsonl",          "mllog",
    "nanogpt", "tensorboard", "dawnbench",  "dawnbench-json", "algoperf",
    "events",  "run",         "claims",     "tables",         "tensorboard-events"};

// HASTEN_FUZZ_ONLY=csv gives all the time to one of them.
bool is_wanted(uint8_t kind) {
  static const char* only = std::getenv("HASTEN_FUZZ_ONLY");
  if (!only) return true;
  if (std::find(kKinds.begin(), kKinds.end(), only) == kKinds.end()) {
    std::fprintf(stderr, "HASTEN_FUZZ_ONLY: no kind of input is called '%s'\n", only);
    std::exit(2);
  }
  return kKinds[kind % kKinds.size()] == only;
}

void run_one(uint8_t kind, const std::string& bytes) {
  switch (kind % kKinds.size()) {
    case 0: return import("csv", "a.csv", bytes);
    case 1: return import("csv", "a.csv", bytes, "wandb");
    case 2: return import("csv", "a.csv", bytes, "mlflow");
    case 3: return import("jsonl", "a.jsonl", bytes);
    case 4: return import("mllog", "a.txt", bytes);
    case 5: return import("nanogpt", "a.txt", bytes);
    case 6: return import("tensorboard", "a.tfevents", bytes);
    case 7: {
      put(scratch_folder() / "e.json", R"({"hardware":"h","costPerHour":1})");
      return import("dawnbench", "e.tsv", bytes);
    }
    case 8: {
      put(scratch_folder() / "e.tsv", "epoch\thours\ttop1Accuracy\n1\t1\t94\n");
      put(scratch_folder() / "e.json", bytes);
      MemorySink sink;
      find_importer("dawnbench").read({scratch_folder() / "e.tsv"}, {}, sink);
      return use(std::move(sink.runs));
    }
    case 9: {
      fs::path trial = scratch_folder() / "board/s/study_0/w_jax/trial_1";
      put(trial / "eval_measurements.csv", bytes);
      put(trial / "meta_data_0.json",
          R"({"workload.target_metric_name":"loss","workload.validation_target_value":0.5})");
      read_algoperf(scratch_folder() / "board");
      return use(load_runs({(scratch_folder() / "board").string()}));
    }
    case 10: {
      put(scratch_folder() / "run/run.json",
          R"({"version":1,"id":"r","metric":{"name":"loss","direction":"minimize"}})");
      put(scratch_folder() / "run/events.jsonl", bytes);
      return use({read_run(scratch_folder() / "run")});
    }
    case 11: {
      put(scratch_folder() / "run/events.jsonl",
          "{\"step\":1,\"t_train\":1,\"metrics\":[{\"name\":\"loss\",\"value\":1}]}\n");
      put(scratch_folder() / "run/run.json", bytes);
      return use({read_run(scratch_folder() / "run")});
    }
    case 12: {
      put(scratch_folder() / "c.toml", bytes);
      read_claims(scratch_folder() / "c.toml");
      return;
    }
    case 14: return import("tensorboard", "a.tfevents", framed(bytes));
    default: {
      put(scratch_folder() / "s.csv", bytes);
      read_score_table(scratch_folder() / "s.csv");
      put(scratch_folder() / "m.toml", bytes);
      read_mapping((scratch_folder() / "m.toml").string());
      return;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  if (!is_wanted(data[0])) return -1;  // libFuzzer drops it
  try {
    run_one(data[0], std::string(reinterpret_cast<const char*>(data + 1), size - 1));
  } catch (const hasten::ConfigError&) {
  } catch (const hasten::DataError&) {}
  return 0;
}
