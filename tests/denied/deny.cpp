// deny seccomp|memlock PROGRAM [ARGS]: runs PROGRAM where the kernel refuses io_uring.
//   seccomp  its three calls answer EPERM, as in the default profile of containers
//   memlock  no memory may be locked, and the capability to do so all the same is gone
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace {

bool deny_by_seccomp() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SYS_io_uring_setup, 0, 2),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SYS_io_uring_register, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{sizeof program / sizeof program[0], program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

bool deny_by_memlock() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_MEMLOCK, &none) != 0) return false;
  // Root gets its capabilities anew with exec, but for those that are out of bounds.
  if (::geteuid() != 0) return true;
  return ::prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK, 0, 0, 0) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view way = argc > 2 ? argv[1] : "";
  if (way != "seccomp" && way != "memlock") {
    std::fprintf(stderr, "deny seccomp|memlock PROGRAM [ARGS]\n");
    return 2;
  }
  if (!(way == "seccomp" ? deny_by_seccomp() : deny_by_memlock())) {
    std::fprintf(stderr, "deny: %s: %s\n", argv[1], std::strerror(errno));
    return 2;
  }
  ::execv(argv[2], argv + 2);
  std::fprintf(stderr, "deny: %s: %s\n", argv[2], std::strerror(errno));
  return 2;
}
