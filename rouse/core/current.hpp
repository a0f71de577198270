// Thread-local defaults: the reactor, timer, executor, ... that code finds without being handed
// them.
#pragma once

namespace rouse {

/// The default T of this thread; null when there is none. One word, no lazy creation (DESIGN
/// decision 20).
template <class T>
class current {
 public:
  [[nodiscard]] static T* get() noexcept { return value; }

  /// Makes `instance` the default for a block, then *restores the former one*, also when the block
  /// throws.
  class scope {
   public:
    explicit scope(T* instance) noexcept : former_(value) { value = instance; }
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
    ~scope() { value = former_; }

   private:
    T* former_;
  };

 private:
  inline static constinit thread_local T* value = nullptr;
};

/// Runs `f` with `instance` as this thread's default T; gives what `f` gives.
template <class T, class F>
decltype(auto) with_default(T& instance, F&& f) {
  typename current<T>::scope scope(&instance);
  return static_cast<F&&>(f)();
}

}  // namespace rouse
