// The sink that comes with the house: keeps the latest records in memory, for tests and for a first
// look.
#pragma once

#include <rouse/base/mutex.hpp>
#include <rouse/trace/probe.hpp>

#include <cstddef>
#include <vector>

namespace rouse::trace {

/// A ring of the latest `capacity` records, listening from construction to destruction; then the
/// former sink is back. Recorders nest like scopes. The texts of records are kept as pointers:
/// static ones only.
class recorder final : public sink {
 public:
  /// @param capacity  records kept, 1 or more; older ones are dropped and counted.
  explicit recorder(std::size_t capacity = 4096);
  recorder(const recorder&) = delete;
  recorder& operator=(const recorder&) = delete;
  ~recorder();

  void on_probe(const record& r) noexcept override;

  /// What was kept, oldest first; the recorder is empty afterwards. Any thread.
  [[nodiscard]] std::vector<record> take();
  /// Records that were pushed out since construction.
  [[nodiscard]] std::size_t dropped() const noexcept;

 private:
  mutable mutex mutex_;
  std::vector<record> ring_ ROUSE_GUARDED_BY(mutex_);
  std::size_t first_ ROUSE_GUARDED_BY(mutex_) = 0;
  std::size_t count_ ROUSE_GUARDED_BY(mutex_) = 0;
  std::size_t dropped_ ROUSE_GUARDED_BY(mutex_) = 0;
  sink* former_;
};

}  // namespace rouse::trace
