// How a diagnosis is put into words and cells: shared by the terminal, the page and the explanation.
#pragma once

#include <string>
#include <vector>

#include "hasten/diagnose/examination.h"
#include "hasten/report/table.h"

namespace hasten::report {

std::string milliseconds(double seconds);                 // "25.9 ms"
std::string percent_text(double share, int digits = 0);   // "62%"
std::string one_line(std::string text);                   // without what a terminal would obey
// Words in lines of a terminal's width: the first begins with `first`, others with `rest`.
std::string wrapped_line(const std::string& text, const std::string& first, const std::string& rest);

// "decode-bound: 62% of the step (57 to 66%), at most 2.61x faster without (2.31 to 2.92), confidence 98%, ...".
std::string diagnosis_line(const diagnose::Diagnosis& diagnosis);
std::string finding_line(const diagnose::Finding& finding);  // the same of one finding, with its evidence
// Whether its share and S_max are numbers to go by: not where the machine is throttled or nothing stands out.
bool has_numbers(const diagnose::Finding& finding);

struct Stage {
  // Of a part; "loader" if its parts are not known, "contention" for what the chains take of each other.
  std::string name;
  double seconds = 0;
  bool binds = false;  // it is what the verdict names
};
struct PipelineRow {
  std::vector<Stage> stages;
  double begin_s = 0, seconds = 0;  // after the chains before it, where they take turns
  bool longest = false;             // what the step waits for
};
std::vector<PipelineRow> pipeline_rows(const diagnose::Diagnosis& diagnosis);
std::vector<std::string> pipeline_notes(const diagnose::Diagnosis& diagnosis);
double pipeline_scale_s(const diagnose::Diagnosis& diagnosis);  // what the whole width stands for
std::string step_line(const diagnose::Examination& found);

std::string no_remedy_text(const diagnose::Diagnosis& diagnosis);  // where nothing is advised

std::vector<std::string> sensitivity_lines(const diagnose::Diagnosis& diagnosis);
Table experiments_table(const diagnose::Examination& found);
std::vector<std::string> left_out_lines(const diagnose::Measurements& measurements);
Table conditions_table(const diagnose::Examination& found);  // with roofline, memory and energy
std::string gain_text(const diagnose::Remedy& remedy);       // "predicted 1.44x, at most 1.60x; then copy-bound"
std::vector<std::string> flags_of(
    const diagnose::Candidate& candidate);  // "--set loader.workers=4", as a shell takes it
std::vector<std::string> grouped_lines(const std::vector<diagnose::NoHelp>& list);  // "a, b: why"
Table realised_table(const diagnose::Examination& found);                          // without those that failed

}  // namespace hasten::report
