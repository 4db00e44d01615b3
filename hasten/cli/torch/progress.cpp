// Progress on stderr.
#include "hasten/cli/torch/progress.h"

#include <iostream>
#include <optional>
#include <utility>

#include "hasten/base/clock.h"
#include "hasten/base/machine.h"
#include "hasten/base/text.h"
#include "hasten/cli/torch/recipe_options.h"
#include "hasten/diagnose/run_watch.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/meter/sync_meter.h"

namespace hasten::cli {
namespace {

constexpr int64_t kRedrawNs = 100'000'000;
constexpr int kBarWidth = 24;

std::string bar(double fraction) {
  auto filled = static_cast<int>(fraction * kBarWidth);
  std::string text;
  for (int i = 0; i < kBarWidth; ++i) text += i < filled ? "█" : "·";
  return text;
}

std::string status_line(const ProgressReport& report) {
  std::string line = cat("step ", report.progress.step);
  if (report.total_steps) line += cat("/", *report.total_steps);
  line += cat("  loss ", significant(report.loss, 3), "  ", si(report.samples_per_second), " samples/s");
  if (report.quality)
    line += "  " + report.metric + " " + quality_text(parse_metric(report.metric, "metric"), *report.quality);
  return line;
}

}  // namespace

// The last report, and what the system said then.
struct ProgressPrinter::Watch {
  diagnose::RunWatch rule;
  SyncMeter meter;
  SyncMeter::Reading syncs = meter.reading();
  Pressure pressure = read_pressure();
  int64_t step = 0, train_ns = 0;
  double loader_wait_s = 0;

  std::optional<std::string> see(const ProgressReport& report) {
    diagnose::WatchWindow window;
    window.first_step = std::exchange(step, report.progress.step);
    window.last_step = step;
    window.seconds = seconds(report.progress.train_ns - std::exchange(train_ns, report.progress.train_ns));
    window.loader_wait_s = report.loader_wait_s - std::exchange(loader_wait_s, report.loader_wait_s);
    const SyncMeter::Reading now = meter.reading(), before = std::exchange(syncs, now);
    window.syncs = now.syncs - before.syncs;
    window.sync_s = seconds(now.ns - before.ns);
    const Pressure after = read_pressure();
    diagnose::add_pressure(std::exchange(pressure, after), after, window);
    return rule.see(window);
  }
};

ProgressPrinter::ProgressPrinter(std::string label, bool terminal, bool watch)
    : watch_(watch ? std::make_unique<Watch>() : nullptr), label_(std::move(label)), terminal_(terminal) {}
ProgressPrinter::~ProgressPrinter() = default;

void ProgressPrinter::warned(const std::string& text) {
  std::cerr << (terminal_ ? "\r\033[K" : "") << label_ << "warning: " << text << "\n";
}

void ProgressPrinter::started(const ProgressReport& report) {
  if (watch_ != nullptr) {
    watch_->step = report.progress.step;
    watch_->train_ns = report.progress.train_ns;
    watch_->loader_wait_s = report.loader_wait_s;
  }
  if (report.progress.step > 0) std::cerr << label_ << "resumed at step " << report.progress.step << "\n";
}

void ProgressPrinter::draw(const ProgressReport& report) {
  drawn_ns_ = now_ns();
  std::string left = report.seconds_left ? duration_text(*report.seconds_left) + " left" : "";
  // \033[K clears what a longer line left behind.
  std::cerr << "\r" << label_ << bar(report.progress.fraction) << " " << fixed(report.progress.fraction * 100, 0)
            << "%  " << status_line(report) << "  " << left << "\033[K" << std::flush;
}

void ProgressPrinter::progressed(const ProgressReport& report) {
  if (watch_ != nullptr) {
    if (const std::optional<std::string> line = watch_->see(report))
      std::cerr << (terminal_ ? "\r\033[K" : "") << label_ << "watch: " << *line << "\n";
  }
  if (terminal_ && now_ns() - drawn_ns_ > kRedrawNs) draw(report);
}

void ProgressPrinter::evaluated(const ProgressReport& report, const Evaluation& evaluation) {
  if (terminal_) return draw(report);
  std::cerr << label_ << status_line(report) << (evaluation.weights == "raw" ? "" : " (" + evaluation.weights + ")")
            << "  " << duration_text(seconds(report.progress.train_ns)) << "\n";
}

void ProgressPrinter::finished(const evaluate::RunRecord& record) {
  if (terminal_) std::cerr << "\r\033[K";
  if (record.status == evaluate::Status::kOk) return;
  std::cerr << label_ << evaluate::name(record.status);
  if (record.first_bad_step) std::cerr << ": the loss of step " << *record.first_bad_step << " is not a finite number";
  std::cerr << "\n";
}

}  // namespace hasten::cli
