// A data set, complete and checked, in its place.
#include "hasten/loader/fetch/fetch.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/fetch/data_place.h"
#include "hasten/loader/fetch/staging.h"
#include "hasten/loader/fetch/unpack_tree.h"
#include "hasten/loader/fetch/zip_reader.h"
#include "hasten/loader/formats/open.h"
#include "hasten/loader/formats/tar_reader.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

bool is_address(const std::string& text) { return text.find("://") != std::string::npos; }

uint64_t bytes_below(const fs::path& folder) {
  uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

// Whether the samples are those of the data set; throws what is wrong.
void check_samples(const KnownData& data, const fs::path& folder, std::vector<std::string>& checked) {
  for (const KnownPart& part : data.parts) {
    const std::unique_ptr<SampleIndex> index = open_samples(folder, part.name);
    if (index->size() != part.samples)
      throw DataError(folder.string(), "",
                      cat("expected ", part.samples, " samples in ", part.name, ", got ", index->size()));
    checked.push_back(cat(part.samples, " samples in ", part.name));
  }
}

void check_content(const KnownData& data, const fs::path& folder, std::vector<std::string>& checked) {
  check_samples(data, folder, checked);
  if (data.text.empty()) return;
  const InputFile text(folder / data.text);
  if (data.text_bytes != 0 && text.size() != data.text_bytes)
    fail_at_byte(text.path(), text.size(), cat("expected ", data.text_bytes, " bytes, got ", text.size()));
  checked.push_back(cat(text.size(), " bytes of ", data.text));
}

class Fetch {
 public:
  Fetch(const KnownData& data, const FetchOptions& options, const ProgressSink& sink)
      : data_(data), options_(options), sink_(sink) {
    const fs::path root = options.to.empty() ? data_root() : options.to;
    result_.folder = root / data.name;
    staging_ = root / ("." + data.name + ".fetch");
  }

  FetchResult run() {
    if (is_there()) return result_;
    Staging staging(staging_, [&] { sink_({data_.name, 0, 0, "another process fetches it: waiting"}); });
    if (is_there()) {  // by whom we waited for
      staging.discard();
      return result_;
    }
    try {
      fill(staging);
    } catch (...) {
      leave(staging);
      throw;
    }
    return result_;
  }

 private:
  // With --force it never is. What is there but not complete is not touched without it.
  bool is_there() {
    std::error_code error;
    if (options_.force || !fs::exists(result_.folder, error)) return false;
    if (fs::is_directory(result_.folder, error) && fs::is_empty(result_.folder, error)) return false;
    if (const std::string missing = what_is_missing(data_, result_.folder); !missing.empty())
      throw ConfigError("to", "a place that is free, or the complete data set",
                        result_.folder.string() + ": " + missing, "--force puts the data set in its place");
    result_.was_there = true;
    result_.bytes = bytes_below(result_.folder);
    return true;
  }

  void fill(Staging& staging) {
    const fs::path unpacked = staging.folder() / "unpacked";
    std::error_code error;
    fs::remove_all(unpacked, error);  // of one that was killed while it unpacked
    bring(staging.folder(), unpacked);
    const bool as_published = data_.archive == Archive::kNone && options_.from.empty();
    const fs::path prepared = as_published ? unpacked : without_common_folder(unpacked);
    check_content(data_, prepared, result_.checked);
    sync_tree(prepared);
    result_.bytes = bytes_below(prepared);
    staging.place(prepared, result_.folder);
  }
  // What a download that broke off has got is kept for the next call; what turned out to be wrong is not.
  void leave(Staging& staging) const {
    std::error_code error;
    if (downloading_ && fs::exists(staging.folder() / "files", error)) return;
    fs::remove_all(staging.folder(), error);
  }

  void bring(const fs::path& staging, const fs::path& unpacked) {
    if (options_.from.empty() || is_address(options_.from)) {
      from_network(staging, unpacked);
      return;
    }
    std::error_code error;
    const fs::path from = options_.from;
    if (!fs::exists(from, error))
      throw ConfigError("from", "a file, a folder or an address", options_.from + ", which is not there");
    if (fs::is_directory(from, error)) from_folder(from, unpacked);
    else from_file(from, unpacked);
  }

  void from_network(const fs::path& staging, const fs::path& unpacked) {
    fs::create_directories(staging / "files");
    downloading_ = true;
    for (KnownFile file : data_.files) {
      if (!options_.from.empty()) file.urls = {address_of(file)};
      const fs::path there = staging / "files" / file.name;
      // What an earlier call got whole is checked again, not fetched again.
      std::error_code error;
      if (fs::exists(there, error)) {
        try {
          note_checked(file, check_file(file, there));
          continue;
        } catch (const DataError&) {
          fs::remove(there, error);
        }
      }
      note_checked(file, download(file, staging / "files", options_.limits, sink_));
    }
    downloading_ = false;
    if (data_.archive == Archive::kNone) {
      // A rename, and not a copy: files are as they were published.
      if (::rename((staging / "files").c_str(), unpacked.c_str()) != 0)
        throw DataError(unpacked.string(), "", "cannot move the files");
      return;
    }
    unpack_archive(staging / "files" / data_.files.front().name, unpacked);
  }
  // An address that ends with '/' is a folder of the files, another is the one file.
  std::string address_of(const KnownFile& file) const {
    if (options_.from.back() == '/') return options_.from + file.name;
    return data_.files.size() == 1 ? options_.from : options_.from + "/" + file.name;
  }
  void note_checked(const KnownFile& file, Checked checked) {
    if (checked == Checked::kSha256) result_.checked.push_back("SHA-256 of " + file.name);
    if (checked == Checked::kMd5) result_.checked.push_back("MD5 of " + file.name);
    if (checked == Checked::kSize) result_.checked.push_back("size of " + file.name);
    if (checked == Checked::kNothing) result_.notes.push_back(file.name + ": there is no checksum to compare it with");
  }
  // Of copies here the content counts: others pack the same data in other ways.
  void compare(const KnownFile& file, const fs::path& path) {
    try {
      note_checked(file, check_file(file, path));
    } catch (const DataError& error) {
      result_.notes.push_back(std::string("not the published file: ") + error.what());
    }
  }

  void from_folder(const fs::path& folder, const fs::path& unpacked) {
    std::error_code error;
    const bool has_files = std::all_of(data_.files.begin(), data_.files.end(), [&](const KnownFile& file) {
      return fs::is_regular_file(folder / file.name, error);
    });
    if (!has_files) {
      copy_tree(folder, unpacked, {}, progress());
      return;
    }
    for (const KnownFile& file : data_.files) compare(file, folder / file.name);
    if (data_.archive != Archive::kNone) {
      unpack_archive(folder / data_.files.front().name, unpacked);
      return;
    }
    fs::create_directories(unpacked);
    for (const KnownFile& file : data_.files) copy_file_content(folder / file.name, unpacked / file.name, false, {});
  }
  void from_file(const fs::path& file, const fs::path& unpacked) {
    if (data_.files.size() == 1 && file.filename() == data_.files.front().name) compare(data_.files.front(), file);
    if (begins_like_tar(file) || begins_like_zip(file)) {
      unpack_archive(file, unpacked);
      return;
    }
    if (data_.text.empty())
      throw DataError(file.string(), "", cat("expected a tar or zip archive of ", data_.name, ", got another file"));
    fs::create_directories(unpacked);
    copy_file_content(file, unpacked / data_.text, true, {});
  }

  void unpack_archive(const fs::path& archive, const fs::path& unpacked) {
    if (begins_like_zip(archive)) {
      if (options_.keep_tar) throw ConfigError("keep-tar", "a tar archive", archive.string());
      unpack_zip(archive, unpacked, {}, progress());
    } else if (options_.keep_tar) {
      fs::create_directories(unpacked);
      std::string name = archive.filename().string();
      name = name.substr(0, name.find(".tar"));
      copy_file_content(archive, unpacked / (name + ".tar"), true, {});
    } else {
      unpack_tar(archive, unpacked, {}, progress());
    }
  }
  TreeProgress progress() const {
    return [this](uint64_t files, uint64_t bytes) {
      sink_({cat(data_.name, ", unpacking: ", files, files == 1 ? " file" : " files"), bytes, 0, ""});
    };
  }

  const KnownData& data_;
  const FetchOptions& options_;
  const ProgressSink& sink_;
  fs::path staging_;
  FetchResult result_;
  bool downloading_ = false;
};

}  // namespace

FetchResult fetch_data(const KnownData& data, const FetchOptions& options, const ProgressSink& sink) {
  return Fetch(data, options, sink).run();
}

std::string what_is_missing(const KnownData& data, const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return "not there";
  try {
    std::vector<std::string> checked;
    check_content(data, folder, checked);
    if (data.parts.empty() &&
        data.text.empty()) {  // of a catalogue of one's own: the files, or what was in the archive
      for (const KnownFile& file : data.files) {
        if (data.archive == Archive::kNone) check_file(file, folder / file.name);
      }
      if (fs::is_empty(folder)) return "empty";
    }
  } catch (const std::exception& problem) {
    return problem.what();
  }
  return "";
}

}  // namespace hasten
