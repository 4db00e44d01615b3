// For tests: a page as a browser of the system sees it, after its scripts have run.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>

#include "hasten/base/files.h"
#include "hasten/base/text.h"

namespace hasten::report {

// The page's elements as text; nothing when there is no Chromium here.
inline std::optional<std::string> seen_by_browser(const std::string& html) {
  std::string browser;
  for (const char* path : {"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"}) {
    if (browser.empty() && std::filesystem::exists(path)) browser = path;
  }
  if (browser.empty()) return std::nullopt;
  auto file = std::filesystem::temp_directory_path() / cat("hasten_page_", ::getpid(), ".html");
  write_file_atomic(file, html);
  std::string command = cat(browser, " --no-sandbox --headless --disable-gpu --window-size=1200,900 --dump-dom file://",
                            file.string(), " 2>/dev/null");
  std::string dom;
  if (FILE* pipe = ::popen(command.c_str(), "r")) {
    char buffer[4096];
    while (size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) dom.append(buffer, n);
    ::pclose(pipe);
  }
  std::filesystem::remove(file);
  return dom;
}

}  // namespace hasten::report
