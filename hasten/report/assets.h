// Files embedded into the program: what an HTML report needs to open offline.
#pragma once

#include <string_view>

namespace hasten::report::assets {

std::string_view page_css();
std::string_view page_js();
std::string_view timeline_css();
std::string_view timeline_js();
std::string_view diagnosis_css();
std::string_view taxonomy_css();
std::string_view static_page_js();
std::string_view chart_js();  // Chart.js, MIT; third_party/chartjs

}  // namespace hasten::report::assets
