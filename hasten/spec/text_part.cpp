// From the files of a text to its training and test part.
#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/text/synthetic_tokens.h"
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

TextPart part_of_files(const DatasetSpec& spec, const TextParams& params, bool test, int64_t vocabulary,
                       std::string& where) {
  const TokenOptions options = token_options(params, vocabulary);
  const std::string path = find_dataset_files(spec, params.path);
  where = cat("the ", test ? "test" : "training", " part of ", path);
  TextPart part;
  if (token_parts_of(path) != std::vector<std::string>{""}) {
    part.stream = open_tokens(path, test ? "test" : "train", options);
    part.tokens = part.stream->size();
    return part;
  }
  // An undivided file of tokens is divided like raw text.
  part.stream = open_tokens(path, "", options);
  const auto train = static_cast<int64_t>(params.train_share * static_cast<double>(part.stream->size()));
  part.begin = test ? train : 0;
  part.tokens = test ? part.stream->size() - train : train;
  return part;
}

TextPart synthetic_part(const SyntheticTextParams& params, bool test) {
  SyntheticTokens wanted{test ? params.test_tokens : params.tokens, params.vocabulary, params.noise,
                         static_cast<uint64_t>(params.data_seed), test ? 1U : 0U};
  return {synthetic_tokens(wanted), 0, wanted.count};
}

bool is_synthetic(const ParamTable* params) { return params == describe<SyntheticTextParams>(); }

}  // namespace

TextWindows text_windows(const ParamSet& params) {
  if (is_synthetic(params.table())) {
    const auto& made = params.as<SyntheticTextParams>();
    return {made.context, made.sampling};
  }
  const auto& files = params.as<TextParams>();
  return {files.context, files.sampling};
}

TextPart open_text(const DatasetSpec& spec, const ParamSet& params, bool test, int64_t vocabulary) {
  std::string where = test ? "the test part" : "the training part";
  const int64_t context = text_windows(params).context;
  TextPart part = is_synthetic(params.table()) ? synthetic_part(params.as<SyntheticTextParams>(), test)
                                               : part_of_files(spec, params.as<TextParams>(), test, vocabulary, where);
  if (part.tokens > context) return part;
  throw ConfigError("data.context", cat("fewer tokens than the ", part.tokens, " of ", where), std::to_string(context),
                    "shorter samples, or more text");
}

}  // namespace hasten
