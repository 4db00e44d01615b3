// From the files of a text to its training and test part.
#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/spec/dataset.h"

namespace hasten {
namespace {

TokenOptions token_options(const TextParams& params, int64_t vocabulary) {
  if ((params.unit == TextUnit::kVocabulary) == params.vocabulary.empty()) {
    throw ConfigError("data.vocabulary", "a file of texts where data.unit = \"vocabulary\", and only there",
                      params.vocabulary.empty() ? "none" : "'" + params.vocabulary + "'");
  }
  TokenOptions options;
  options.unit = params.unit;
  options.vocabulary = params.vocabulary;
  options.train_share = params.train_share;
  if (params.vocabulary_size > 0) options.vocabulary_size = params.vocabulary_size;
  else if (vocabulary > 0) options.vocabulary_size = vocabulary;
  return options;
}

}  // namespace

TextPart open_text(const DatasetSpec& spec, const TextParams& params, bool test, int64_t vocabulary) {
  const TokenOptions options = token_options(params, vocabulary);
  const std::string path = find_dataset_files(spec, params.path);
  TextPart part;
  if (token_parts_of(path) == std::vector<std::string>{""}) {
    // An undivided file of tokens is divided like raw text.
    part.stream = open_tokens(path, "", options);
    const auto train = static_cast<int64_t>(params.train_share * static_cast<double>(part.stream->size()));
    part.begin = test ? train : 0;
    part.tokens = test ? part.stream->size() - train : train;
  } else {
    part.stream = open_tokens(path, test ? "test" : "train", options);
    part.tokens = part.stream->size();
  }
  if (part.tokens > params.context) return part;
  throw ConfigError(
      "data.context",
      cat("fewer tokens than the ", part.tokens, " of the ", test ? "test" : "training", " part of ", path),
      std::to_string(params.context), "shorter samples, or more text");
}

}  // namespace hasten
