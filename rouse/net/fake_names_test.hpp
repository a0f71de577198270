// A name server in the seam of sys: answers what a test says, counts what it is asked.
#pragma once

#include <rouse/sys/table.hpp>

#include <netdb.h>
#include <netinet/in.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace rouse::net::testing {

/// In force while it lives. Unknown names are EAI_NONAME. One at a time.
class fake_names {
 public:
  fake_names()
      : scope_((table_ = sys::real_table, table_.getaddrinfo = &look_up,
                table_.freeaddrinfo = &free_list, table_)) {
    active = this;
  }
  ~fake_names() { active = nullptr; }

  /// Numeric addresses, in this order.
  void set(const std::string& host, std::vector<std::string> addresses) {
    const std::lock_guard lock(mutex_);
    answers_[host] = std::move(addresses);
  }
  void set_failure(const std::string& host, int code) {
    const std::lock_guard lock(mutex_);
    failures_[host] = code;
  }
  /// Look-ups wait until release().
  void hold() { held_ = true; }
  void release() {
    held_ = false;
    held_.notify_all();
  }
  std::atomic<int> queries = 0;

 private:
  static int look_up(const char* host, const char*, const void*, void** found) {
    return active->answer(host, found);
  }
  int answer(const std::string& host, void** found) {
    ++queries;
    held_.wait(true);
    const std::lock_guard lock(mutex_);
    if (const auto failure = failures_.find(host); failure != failures_.end())
      return failure->second;
    const auto known = answers_.find(host);
    if (known == answers_.end()) return EAI_NONAME;
    addrinfo* head = nullptr;
    for (auto a = known->second.rbegin(); a != known->second.rend(); ++a) {
      addrinfo* numeric = nullptr;
      addrinfo hints{};
      hints.ai_flags = AI_NUMERICHOST;
      hints.ai_socktype = SOCK_STREAM;
      if (::getaddrinfo(a->c_str(), nullptr, &hints, &numeric) != 0) return EAI_FAIL;
      numeric->ai_next = head;
      head = numeric;
    }
    *found = head;
    return 0;
  }
  static void free_list(void* list) {
    for (auto* a = static_cast<addrinfo*>(list); a;) {
      addrinfo* next = a->ai_next;
      a->ai_next = nullptr;
      ::freeaddrinfo(a);
      a = next;
    }
  }

  inline static fake_names* active = nullptr;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> answers_;
  std::map<std::string, int> failures_;
  std::atomic<bool> held_ = false;
  sys::table table_;
  sys::scoped_table scope_;
};

}  // namespace rouse::net::testing
