// What the parser has seen of one event: where its values stand. Only for the parser.
#pragma once

#include <array>
#include <cstddef>

#include "hasten/trace/parser.h"

namespace hasten::trace {

struct TraceParser::Event {
  static constexpr size_t kMissing = Tokens::kNone;
  static constexpr size_t kMostArgs = 48;
  struct Argument {
    Arg arg;
    size_t token;
  };

  size_t token = 0;
  size_t phase = kMissing, ts = kMissing, dur = kMissing, name = kMissing, cat = kMissing, pid = kMissing,
         tid = kMissing;
  size_t label = kMissing;  // args.name of a metadata event
  size_t args_begin = kMissing, args_end = kMissing;
  size_t arg_count = 0;
  std::array<Argument, kMostArgs> args;
};

}  // namespace hasten::trace
