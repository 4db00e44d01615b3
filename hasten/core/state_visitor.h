// One function enumerates an object's state; saving, loading and hashing are visitors of it. So nothing can be saved
// and not loaded, or changed and not noticed.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hasten {

class StateVisitor {
 public:
  virtual ~StateVisitor() = default;

  // Names are unique within the current scope. When loading, the value is replaced; tensors keep their identity and
  // receive the saved contents if they are defined, else they become the saved tensor.
  void tensor(std::string_view name, at::Tensor& value) { on_tensor(path(name), value); }
  void integer(std::string_view name, int64_t& value) { on_integer(path(name), value); }
  void number(std::string_view name, double& value) { on_number(path(name), value); }
  void text(std::string_view name, std::string& value) { on_text(path(name), value); }
  void truth(std::string_view name, bool& value);
  void integers(std::string_view name, std::vector<int64_t>& value) { on_integers(path(name), value); }
  void tensors(std::string_view name, std::vector<at::Tensor>& values);

  virtual bool loading() const = 0;
  // Where tensors come that are loaded and were undefined.
  virtual at::Device device() const { return at::kCPU; }

  // Names visited while it lives stand below `name`.
  class Scope {
   public:
    Scope(StateVisitor& visitor, std::string_view name) : visitor_(visitor), length_(visitor.prefix_.size()) {
      visitor_.prefix_.append(name).push_back('/');
    }
    ~Scope() { visitor_.prefix_.resize(length_); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    StateVisitor& visitor_;
    size_t length_;
  };

 protected:
  virtual void on_tensor(const std::string& name, at::Tensor& value) = 0;
  virtual void on_integer(const std::string& name, int64_t& value) = 0;
  virtual void on_number(const std::string& name, double& value) = 0;
  virtual void on_text(const std::string& name, std::string& value) = 0;
  virtual void on_integers(const std::string& name, std::vector<int64_t>& value) = 0;

 private:
  std::string path(std::string_view name) const { return prefix_ + std::string(name); }
  std::string prefix_;
};

}  // namespace hasten
