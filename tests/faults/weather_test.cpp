// Goal: what is no failure at all must change nothing. Method: the scenarios run with calls that
// are interrupted again and again, or that move one byte each, and every exchange is exact.
#include <tests/faults/fault_test.hpp>

namespace faults {
namespace {

class fault_R8 : public fault_at_place {};
class fault_R12 : public fault_at_place {};

TEST_P(fault_R8, calls_are_interrupted_three_times_each_and_nothing_changes) {
  const current_trial trial("%s on %s in a storm of EINTR", name_of(which_), rouse::name_of(on_));
  EXPECT_EQ(attempt(stormy_table(), complaint_about_success), "");
}

TEST_P(fault_R12, calls_move_one_byte_each_and_nothing_changes) {
  const current_trial trial("%s on %s byte by byte", name_of(which_), rouse::name_of(on_));
  const auto run_brief = [](scenario which, rouse::reactor_kind on, outcome& out) {
    run(which, on, out, volume::brief);
  };
  EXPECT_EQ(attempt(one_byte_table(), complaint_about_success, run_brief), "");
}

const auto place_name = [](const auto& p) { return name_of(p.param); };
INSTANTIATE_TEST_SUITE_P(of, fault_R8, ::testing::ValuesIn(all_places), place_name);
INSTANTIATE_TEST_SUITE_P(of, fault_R12, ::testing::ValuesIn(all_places), place_name);

}  // namespace
}  // namespace faults
