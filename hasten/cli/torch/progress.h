// What a person sees while a run goes on: a bar on a terminal, few lines in a log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "hasten/train/trainer.h"

namespace hasten::cli {

class ProgressPrinter final : public TrainListener {
 public:
  // `label` starts each line. On a terminal one line is redrawn; otherwise a line is printed at evaluations. With `watch`
  // a line says what holds the run up, if something does.
  ProgressPrinter(std::string label, bool terminal, bool watch);
  ~ProgressPrinter() override;
  void warned(const std::string& text) override;
  void started(const ProgressReport& report) override;
  void progressed(const ProgressReport& report) override;
  void evaluated(const ProgressReport& report, const Evaluation& evaluation) override;
  void finished(const evaluate::RunRecord& record) override;

 private:
  struct Watch;
  void draw(const ProgressReport& report);
  std::unique_ptr<Watch> watch_;
  std::string label_;
  bool terminal_;
  int64_t drawn_ns_ = 0;
};

}  // namespace hasten::cli
