// Takes a profile of some steps: every operator with its shapes, and our own stages and methods as ranges, as a trace that
// Kineto's readers know.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace hasten {

// Of this process, one at a time.
class Profiler {
 public:
  // Starts to record the operators of the calling thread.
  Profiler();
  // Stops without writing, unless written() was.
  ~Profiler();
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;
  // Stops and writes the trace, to a temporary name first. Throws DataError.
  void write(const std::filesystem::path& path);

  static bool active() { return active_; }

 private:
  static inline bool active_ = false;
};

// A range with a name in the profile, for as long as it lives. Costs a branch while none is taken.
class ProfileRange {
 public:
  explicit ProfileRange(const char* name) {
    if (Profiler::active()) open(name);
  }
  explicit ProfileRange(const std::string& name) : ProfileRange(name.c_str()) {}
  ~ProfileRange() {
    if (scope_ != nullptr) close();
  }
  ProfileRange(const ProfileRange&) = delete;
  ProfileRange& operator=(const ProfileRange&) = delete;

 private:
  struct Scope;
  void open(const char* name);
  void close();
  Scope* scope_ = nullptr;
};

}  // namespace hasten
