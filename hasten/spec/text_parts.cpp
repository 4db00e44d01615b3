// From the files of a text to its training and test part.
#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/spec/dataset.h"

namespace hasten {
namespace {

// An undivided file of tokens is divided like raw text.
TextParts divided(std::shared_ptr<const TokenStream> all, double train_share) {
  const auto train = static_cast<int64_t>(train_share * static_cast<double>(all->size()));
  return {{all, 0, train}, {all, train, all->size() - train}};
}

void check_length(const TextPart& part, const char* name, const TextParams& params, const std::string& path) {
  if (part.tokens > params.context) return;
  throw ConfigError("data.context", cat("fewer tokens than the ", part.tokens, " of the ", name, " part of ", path),
                    std::to_string(params.context), "shorter samples, or more text");
}

}  // namespace

TokenOptions token_options(const TextParams& params) {
  if ((params.unit == TextUnit::kVocabulary) == params.vocabulary.empty()) {
    throw ConfigError("data.vocabulary", "a file of texts where data.unit = \"vocabulary\", and only there",
                      params.vocabulary.empty() ? "none" : "'" + params.vocabulary + "'");
  }
  TokenOptions options;
  options.unit = params.unit;
  options.vocabulary = params.vocabulary;
  options.train_share = params.train_share;
  if (params.vocabulary_size > 0) options.vocabulary_size = params.vocabulary_size;
  return options;
}

TextParts open_text(const DatasetSpec& spec, const TextParams& params) {
  const TokenOptions options = token_options(params);
  const std::string path = find_dataset_files(spec, params.path);
  const std::vector<std::string> names = token_parts_of(path);
  TextParts parts;
  if (names == std::vector<std::string>{""}) {
    parts = divided(open_tokens(path, "", options), params.train_share);
  } else {
    const auto open = [&](const char* name) -> TextPart {
      std::shared_ptr<const TokenStream> stream = open_tokens(path, name, options);
      const int64_t tokens = stream->size();
      return {std::move(stream), 0, tokens};
    };
    parts = {open("train"), open("test")};
  }
  check_length(parts.train, "training", params, path);
  check_length(parts.test, "test", params, path);
  return parts;
}

}  // namespace hasten
