// Progress on stderr.
#include "hasten/cli/torch/progress.h"

#include <iostream>

#include "hasten/base/clock.h"
#include "hasten/base/text.h"
#include "hasten/cli/torch/recipe_options.h"
#include "hasten/evaluate/record_io.h"

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

void ProgressPrinter::started(const ProgressReport& report) {
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
