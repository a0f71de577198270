// Stands for looped_crypto.cpp where OpenSSL is not there: its places are skipped.
#include <tests/faults/looped.hpp>

namespace faults {

const bool has_crypto = false;

void run_loop_crypto(const looped_site&, outcome&) {}

}  // namespace faults
