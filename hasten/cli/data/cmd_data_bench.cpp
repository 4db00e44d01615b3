// hasten data bench: how fast samples come, and which stage takes the time.
#include <algorithm>
#include <iostream>
#include <memory>
#include <numeric>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/machine.h"
#include "hasten/base/text.h"
#include "hasten/cli/data/data_command.h"
#include "hasten/loader/formats/open.h"
#include "hasten/loader/images/pipeline.h"
#include "hasten/loader/loader.h"
#include "hasten/loader/order.h"
#include "hasten/loader/survey.h"
#include "hasten/report/table.h"

namespace hasten::cli {
namespace {

constexpr int64_t kLooked = 64;
constexpr int kWarmBatches = 4;
constexpr int kRounds = 3;

struct BenchFlags {
  std::string path, part = "train", crop = "none", read = "auto", only;
  int64_t height = 0, width = 0, translate = 0, batch = 256, workers = 0, memory = 256, block = 0;
  bool flip = false, cold = false;
  double seconds = 2, crop_area = 0.35;
};

// One way to run the loader. Each leaves out a little more than the one before.
struct Trial {
  const char* name;
  const char* what;
  bool augment, decode, cached, resident;
};
constexpr std::array<Trial, 5> kTrials{{
    {"whole", "read, decode, augment", true, true, false, false},
    {"plain", "without augmentation", false, true, false, false},
    {"undecoded", "read only", false, false, false, false},
    {"cached", "a few batches of samples, over and over", true, true, true, false},
    {"resident", "nothing read or decoded: what the loader itself costs", true, true, false, true},
}};

struct Rate {
  double images_per_s = 0, bytes_per_s = 0, mean = 0;
  int64_t images = 0;
  LoaderReport report;
};

ReadMode read_mode(const std::string& name) {
  std::vector<std::string> names;
  for (ReadMode mode : {ReadMode::kAuto, ReadMode::kMap, ReadMode::kRead, ReadMode::kRing}) {
    if (name == name_of(mode)) return mode;
    names.emplace_back(name_of(mode));
  }
  throw ConfigError("--read", ordinal_list(names, "or"), "'" + name + "'");
}

class Bench {
 public:
  explicit Bench(const BenchFlags& flags) : flags_(flags), index_(open(flags)) {
    const ImageSurvey seen = survey_images(*index_, kLooked);
    plain_.channels = static_cast<int>(seen.channels);
    plain_.height = static_cast<int>(flags.height > 0 ? flags.height : seen.most_height);
    plain_.width = static_cast<int>(flags.width > 0 ? flags.width : seen.most_width);
    if (seen.least_width != seen.most_width && (flags.height == 0 || flags.width == 0)) {
      throw ConfigError("--height", "the size that images of several sizes are brought to", "none",
                        "--height 224 --width 224");
    }
    plain_.evaluation = true;
    const bool alike = seen.least_width == plain_.width && seen.most_width == plain_.width &&
                       seen.least_height == plain_.height && seen.most_height == plain_.height;
    if (!alike) plain_.geometry = Geometry::kResizeCentreCrop;
    plain_.shorter_side = (8 * std::max(plain_.height, plain_.width) + 6) / 7;
    augmented_ = augment(plain_);
  }

  Rate run(const Trial& trial, double seconds_wanted) const {
    LoaderOptions options;
    options.workers = static_cast<int>(flags_.workers);
    options.memory_bytes = static_cast<uint64_t>(flags_.memory) << 20;
    options.batch = std::min(flags_.batch, index_->size());
    options.read = read_mode(flags_.read);
    options.switches.decode = trial.decode;
    options.switches.resident = trial.resident;
    if (trial.cached) options.switches.cached_subset = std::min(index_->size(), 4 * options.batch);
    if (flags_.cold) drop_from_memory(index_->files());
    Loader loader(index_, image_work(trial.augment ? augmented_ : plain_), options, 1);
    Rate rate;
    uint64_t epoch = 0;
    int64_t begin = 0, bytes_before = 0;
    for (int64_t batch = 0;; ++batch) {
      if (loader.ahead() < options.batch * 64) append_epoch(loader, epoch++);
      Lease lease = loader.take(options.batch);
      if (batch == 0) rate.mean = mean_of(lease, loader.slot_bytes());
      lease.release();
      if (batch < kWarmBatches) continue;
      if (batch == kWarmBatches) {
        begin = now_ns();
        bytes_before = static_cast<int64_t>(loader.report().bytes(Stage::kRead));
        continue;
      }
      rate.images += options.batch;
      if (seconds(now_ns() - begin) >= seconds_wanted) break;
    }
    const double spent = seconds(now_ns() - begin);
    rate.report = loader.report();
    rate.images_per_s = static_cast<double>(rate.images) / spent;
    rate.bytes_per_s =
        static_cast<double>(static_cast<int64_t>(rate.report.bytes(Stage::kRead)) - bytes_before) / spent;
    return rate;
  }

  const SampleIndex& index() const { return *index_; }
  const ImagePlan& plan() const { return augmented_; }

 private:
  static std::shared_ptr<const SampleIndex> open(const BenchFlags& flags) {
    const std::vector<std::string> parts = parts_of(flags.path);
    const bool whole = parts == std::vector<std::string>{""};
    return open_samples(flags.path, whole ? "" : flags.part);
  }
  ImagePlan augment(ImagePlan plan) const {
    plan.evaluation = false;
    if (flags_.crop == "random_resized") {
      plan.geometry = Geometry::kRandomResizedCrop;
      plan.crop.least_area = flags_.crop_area;
      plan.decode = DecodePolicy::kAuto;
    }
    plan.translate = static_cast<int>(flags_.translate);
    if (flags_.flip) plan.flip = Flip::kRandom;
    return plan;
  }
  void append_epoch(Loader& loader, uint64_t epoch) const {
    std::shared_ptr<EpochPermutation> order = flags_.block > 0
                                                  ? block_shuffle(index_->size(), flags_.block, 16, 1, epoch)
                                                  : full_shuffle(index_->size(), 1, epoch);
    loader.append({epoch, index_->size(), [order](int64_t i) { return order->sample(i); }});
  }
  static double mean_of(const Lease& lease, size_t bytes) {
    double sum = 0, count = 0;
    for (const Lease::Run& run : lease.runs()) {
      const size_t all = static_cast<size_t>(run.count) * bytes;
      sum += static_cast<double>(std::accumulate(run.bytes, run.bytes + all, uint64_t{0}));
      count += static_cast<double>(all);
    }
    return sum / count;
  }

  BenchFlags flags_;
  std::shared_ptr<const SampleIndex> index_;
  ImagePlan plain_, augmented_;
};

Json rate_json(const Rate& rate) {
  Json stages = Json::object();
  for (size_t i = 0; i < kStages; ++i)
    stages[std::string(name_of(static_cast<Stage>(i)))] = rate.report.ns(static_cast<Stage>(i));
  return {{"images_per_s", rate.images_per_s},     {"images", rate.images},
          {"bytes_per_s", rate.bytes_per_s},       {"mean", rate.mean},
          {"read", name_of(rate.report.read)},     {"read_reason", rate.report.read_reason},
          {"threads", rate.report.threads.size()}, {"stage_ns", stages}};
}

// Of the workers' time that was spent on work.
std::string shares(const LoaderReport& report) {
  double all = 0;
  std::string text;
  constexpr std::array kWork{Stage::kRead, Stage::kVerify, Stage::kDecode, Stage::kAugment, Stage::kDeliver};
  for (Stage stage : kWork) all += static_cast<double>(report.ns(stage));
  for (Stage stage : kWork) {
    const double share = static_cast<double>(report.ns(stage)) / std::max(1.0, all);
    if (share >= 0.005) text += cat(text.empty() ? "" : ", ", name_of(stage), " ", fixed(100 * share, 0), "%");
  }
  return text;
}

Rate median_rate(std::vector<Rate> rates) {
  std::sort(rates.begin(), rates.end(), [](const Rate& a, const Rate& b) { return a.images_per_s < b.images_per_s; });
  return rates[rates.size() / 2];
}

void run_bench(const BenchFlags& flags, Context& context) {
  Bench bench(flags);
  std::vector<Trial> trials;
  for (const Trial& trial : kTrials) {
    if (flags.only.empty() || flags.only == trial.name) trials.push_back(trial);
  }
  if (trials.empty()) {
    std::vector<std::string> names;
    for (const Trial& trial : kTrials) names.emplace_back(trial.name);
    throw ConfigError("--only", ordinal_list(names, "or"), "'" + flags.only + "'");
  }
  const int rounds = flags.only.empty() ? kRounds : 1;
  std::vector<std::vector<Rate>> rates(trials.size());
  // In turn, so that what else the machine does falls on all alike.
  for (int round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < trials.size(); ++i) rates[i].push_back(bench.run(trials[i], flags.seconds));
  }
  if (context.json) {
    Json json = Json::object();
    for (size_t i = 0; i < trials.size(); ++i) json[trials[i].name] = rate_json(median_rate(rates[i]));
    if (trials.size() == 1) json = rate_json(median_rate(rates[0]));
    return print_json(json);
  }
  const Rate whole = median_rate(rates[0]);
  std::cout << flags.path << ": " << bench.index().size() << " images as " << bench.index().format() << ", made "
            << bench.plan().width << "x" << bench.plan().height << "x" << bench.plan().channels << "; "
            << this_machine().cores << " cores, read by " << name_of(whole.report.read) << " ("
            << whole.report.read_reason << ")\n\n";
  report::Table table{{"trial", "of the work", "images/s", "read"}, {}, 2};
  for (size_t i = 0; i < trials.size(); ++i) {
    const Rate rate = median_rate(rates[i]);
    table.rows.push_back(
        {trials[i].what, shares(rate.report), fixed(rate.images_per_s, 0), si(rate.bytes_per_s) + "B/s"});
  }
  std::cout << report::terminal_table(table);
}

}  // namespace

void add_data_bench(CLI::App& data, Context& context) {
  CLI::App* command = data.add_subcommand("bench", "how fast samples come, and which stage takes the time");
  command->footer(
      "Examples:\n  hasten data bench cifar10 --translate 4 --flip\n"
      "  hasten data bench photos --crop random_resized --height 224 --width 224 --flip");
  auto flags = std::make_shared<BenchFlags>();
  command->add_option("path", flags->path, "data set: a file or folder of any format")->required();
  command->add_option("--part", flags->part, "of the data set")->capture_default_str();
  command->add_option("--height", flags->height, "of the images made, pixels; 0: as they are");
  command->add_option("--width", flags->width, "likewise");
  command->add_option("--translate", flags->translate, "shift by up to so many pixels")->check(non_negative());
  command->add_flag("--flip", flags->flip, "mirror with chance 1/2");
  command->add_option("--crop", flags->crop, "none or random_resized")
      ->check(CLI::IsMember({"none", "random_resized"}))
      ->capture_default_str();
  command->add_option("--crop-area", flags->crop_area, "least share of the image in such a crop")
      ->check(CLI::Range(0.01, 1.0))
      ->capture_default_str();
  command->add_option("--batch", flags->batch, "images taken at once")->check(positive())->capture_default_str();
  command->add_option("--workers", flags->workers, "threads; 0: one a core")->check(non_negative());
  command->add_option("--memory", flags->memory, "MiB for what is decoded ahead")
      ->check(positive())
      ->capture_default_str();
  command->add_option("--read", flags->read, "how files are read")
      ->type_name("TEXT:{auto,map,read,ring}")
      ->capture_default_str();
  command->add_flag("--cold", flags->cold, "drop the files from memory before each trial");
  command->add_option("--shuffle-block", flags->block, "samples that stay neighbours; 0: none")->check(non_negative());
  command->add_option("--seconds", flags->seconds, "of each trial")->check(positive())->capture_default_str();
  command->add_option("--only", flags->only, "one trial")->type_name("TEXT:{whole,plain,undecoded,cached,resident}");
  add_json_flag(*command, context);
  command->callback([flags, &context] { run_bench(*flags, context); });
}

}  // namespace hasten::cli
