// Which coroutine attributes there are. "Right" is: those that we use, and not yet
// coro_await_elidable.
// rule: when clang gains coro_await_elidable (20), measure it on task<T>; so for any of g++
// expect: clang -O0 right
// expect: g++ -O0 wrong
int main() {
#if __has_cpp_attribute(clang::coro_only_destroy_when_complete) &&                                \
    __has_cpp_attribute(clang::coro_wrapper) && __has_cpp_attribute(clang::coro_lifetimebound) && \
    !__has_cpp_attribute(clang::coro_await_elidable)
  return 0;
#else
  return 1;
#endif
}
