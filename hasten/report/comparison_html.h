// One self-contained page: opens offline, light and dark. Nothing from the runs can become markup or script.
#pragma once

#include <span>
#include <string>

#include "hasten/evaluate/comparison.h"

namespace hasten::report {

struct HtmlOptions {
  std::string title;    // empty: the workload's name
  std::string command;  // what made this page; shown under "how to reproduce"
};

// Several comparisons (one a workload) come one below the other on one page.
std::string comparison_html(std::span<const evaluate::Comparison> comparisons, const HtmlOptions& options = {});

}  // namespace hasten::report
