// hasten data list, hasten data fetch: public data sets, and which of them are here.
#include <fmt/core.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "hasten/base/clock.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/data/data_command.h"
#include "hasten/cli/data/progress_line.h"
#include "hasten/loader/fetch/data_place.h"
#include "hasten/loader/fetch/fetch.h"

namespace hasten::cli {
namespace {

std::string megabytes(uint64_t bytes) { return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6); }

// Where a data set is, or would be; `missing` says what is wrong with what is there.
struct Presence {
  std::string folder, missing;
  bool is_here = false;
};
Presence presence_of(const KnownData& data) {
  Presence presence;
  for (const auto& folder : data_folders(data.name)) {
    const std::string missing = what_is_missing(data, folder);
    if (missing.empty()) return {folder.string(), "", true};
    if (presence.folder.empty()) presence = {folder.string(), missing == "not there" ? "" : missing, false};
  }
  return presence;
}

void run_list(const std::string& catalogue, Context& context) {
  Json rows = Json::array();
  std::string text = fmt::format("{:<18} {:>10}  {:<26} {}\n", "name", "download", "licence", "where");
  for (const KnownData& data : data_catalogue(catalogue)) {
    const Presence presence = presence_of(data);
    const std::string where = presence.is_here           ? presence.folder
                              : presence.missing.empty() ? "not here; would be " + presence.folder
                                                         : "not complete: " + presence.missing;
    const std::string size = data.download_bytes() == 0 ? "unknown" : megabytes(data.download_bytes());
    text += fmt::format("{:<18} {:>10}  {:<26} {}\n", data.name, size, data.licence, where);
    rows.push_back({{"name", data.name},
                    {"summary", data.summary},
                    {"licence", data.licence},
                    {"home", data.home},
                    {"download_bytes", data.download_bytes()},
                    {"here", presence.is_here},
                    {"folder", presence.folder},
                    {"problem", presence.missing}});
  }
  if (context.json) print_json({{"data", rows}});
  else std::cout << text;
}

// How far a download is, on one line that changes; and what went wrong, on lines of their own.
class DownloadLine {
 public:
  void show(const DownloadProgress& progress) {
    if (!progress.note.empty()) {
      line_.clear();
      std::cerr << progress.note << "\n";
      return;
    }
    const bool begins = progress.file != file_;
    if (begins) {
      file_ = progress.file;
      first_ = progress.done;
      since_ = now_ns();
    }
    std::string text = file_ + ": " + megabytes(progress.done);
    if (progress.total > 0) text += " of " + megabytes(progress.total);
    if (const double took = seconds(now_ns() - since_); took > 0.5 && progress.done > first_)
      text +=
          fmt::format(", {}/s", megabytes(static_cast<uint64_t>(static_cast<double>(progress.done - first_) / took)));
    line_.show(text, begins || progress.done == progress.total);
  }

 private:
  ProgressLine line_;
  std::string file_;
  uint64_t first_ = 0;
  int64_t since_ = 0;
};

struct FetchFlags {
  std::string name, to, catalogue;
  FetchOptions options;
};

void run_fetch(const FetchFlags& flags, Context& context) {
  const std::vector<KnownData> catalogue = data_catalogue(flags.catalogue);
  const KnownData& data = find_data(catalogue, flags.name);
  FetchOptions options = flags.options;
  options.to = flags.to;
  const FetchResult result = [&] {
    DownloadLine line;
    return fetch_data(data, options, [&](const DownloadProgress& progress) { line.show(progress); });
  }();
  if (context.json) {
    print_json({{"name", data.name},
                {"folder", result.folder.string()},
                {"was_there", result.was_there},
                {"bytes", result.bytes},
                {"checked", result.checked},
                {"notes", result.notes}});
    return;
  }
  for (const std::string& note : result.notes) std::cerr << "note: " << note << "\n";
  std::cout << data.name << (result.was_there ? " is already in " : " is in ") << result.folder.string() << " ("
            << megabytes(result.bytes) << ")\n";
  if (!result.checked.empty()) std::cout << "checked: " << join(result.checked, ", ") << "\n";
}

}  // namespace

void add_data_list(CLI::App& data, Context& context) {
  CLI::App* command = data.add_subcommand("list", "data sets that can be fetched, and which are here");
  auto catalogue = std::make_shared<std::string>();
  command->add_option("--catalogue", *catalogue, "data sets of your own: a JSON file as docs/data.md shows");
  add_json_flag(*command, context);
  command->callback([catalogue, &context] { run_list(*catalogue, context); });
}

void add_data_fetch(CLI::App& data, Context& context) {
  CLI::App* command = data.add_subcommand("fetch", "get a data set: download, check, unpack, put in its place");
  command->footer(
      "A download that broke off goes on when the command is given again.\n"
      "Examples:\n  hasten data fetch cifar-10\n"
      "  hasten data fetch cifar-10 --from cifar10-jpeg.tar.zst\n"
      "  hasten data fetch mnist --from https://mirror.example.org/mnist/");
  auto flags = std::make_shared<FetchFlags>();
  std::vector<std::string> names;
  for (const KnownData& known : data_catalogue("")) names.push_back(known.name);
  command->add_option("name", flags->name, "one of `hasten data list`")
      ->required()
      ->type_name("TEXT:{" + join(names, ",") + "}");
  command->add_option("--from", flags->options.from,
                      "a file (archive or text), a folder, or an address, in place of the published addresses");
  command->add_option("--to", flags->to, "puts the folder NAME here, not into $HASTEN_DATA or ./data");
  command->add_flag("--force", flags->options.force, "replace what is there");
  command->add_flag("--keep-tar", flags->options.keep_tar, "keep a tar archive as one file, not as a folder of files");
  command->add_option("--catalogue", flags->catalogue, "data sets of your own: a JSON file as docs/data.md shows");
  command->add_option("--retries", flags->options.limits.retries, "tries in a row without progress, for each address")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  command->add_option("--stall", flags->options.limits.stall_s, "seconds without data after which a try ends")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  add_json_flag(*command, context);
  command->callback([flags, &context] { run_fetch(*flags, context); });
}

}  // namespace hasten::cli
