#include <gtest/gtest.h>

#include <optional>
#include <rouse/base/list.hpp>
#include <string>

namespace rouse {
namespace {

struct item : list_link {
  explicit item(char n) : name(n) {}
  char name;
};

std::string names(list<item>& l) {
  std::string text;
  for (item* i = l.front(); i; i = l.next(*i))
    text += i->name;
  return text;
}

TEST(list, is_empty_when_new) {
  list<item> l;
  EXPECT_TRUE(l.is_empty());
  EXPECT_EQ(l.front(), nullptr);
  EXPECT_EQ(l.back(), nullptr);
  EXPECT_EQ(l.pop_front(), nullptr);
}

TEST(list, keeps_the_order_of_pushes_at_both_ends) {
  item a('a'), b('b'), c('c');
  list<item> l;
  l.push_back(b);
  l.push_back(c);
  l.push_front(a);
  EXPECT_EQ(names(l), "abc");
  EXPECT_EQ(l.front(), &a);
  EXPECT_EQ(l.back(), &c);
  EXPECT_EQ(l.previous(c), &b);
  EXPECT_EQ(l.previous(a), nullptr);
}

TEST(list, inserts_in_front_of_any_item) {
  item a('a'), b('b'), c('c');
  list<item> l;
  l.push_back(a);
  l.push_back(c);
  l.insert_before(c, b);
  EXPECT_EQ(names(l), "abc");
}

TEST(list, lets_an_item_leave_from_the_middle_and_come_back) {
  item a('a'), b('b'), c('c');
  list<item> l;
  for (item* i : {&a, &b, &c})
    l.push_back(*i);
  b.unlink();
  EXPECT_FALSE(b.is_linked());
  EXPECT_EQ(names(l), "ac");
  b.unlink();  // once more changes nothing
  l.push_back(b);
  EXPECT_EQ(names(l), "acb");
}

TEST(list, forgets_an_item_that_is_destroyed) {
  item a('a');
  std::optional<item> b(std::in_place, 'b');
  list<item> l;
  l.push_back(a);
  l.push_back(*b);
  b.reset();
  EXPECT_EQ(names(l), "a");
}

TEST(list, splices_all_of_another_list_behind_its_own) {
  item a('a'), b('b'), c('c');
  list<item> left, right, nothing;
  left.push_back(a);
  right.push_back(b);
  right.push_back(c);
  left.splice_back(right);
  left.splice_back(nothing);
  EXPECT_EQ(names(left), "abc");
  EXPECT_TRUE(right.is_empty());
  nothing.splice_back(left);  // into an empty one
  EXPECT_EQ(names(nothing), "abc");
  EXPECT_TRUE(left.is_empty());
}

TEST(list, pops_from_the_front_until_empty) {
  item a('a'), b('b');
  list<item> l;
  l.push_back(a);
  l.push_back(b);
  EXPECT_EQ(l.pop_front(), &a);
  EXPECT_FALSE(a.is_linked());
  EXPECT_EQ(l.pop_front(), &b);
  EXPECT_TRUE(l.is_empty());
}

TEST(list, leaves_its_items_unlinked_when_it_dies) {
  item a('a');
  {
    list<item> l;
    l.push_back(a);
    EXPECT_TRUE(a.is_linked());
  }
  EXPECT_FALSE(a.is_linked());
}

#ifndef NDEBUG
TEST(list_death, refuses_an_item_that_stands_in_a_list_already) {
  item a('a');
  list<item> l;
  l.push_back(a);
  EXPECT_DEATH(l.push_back(a), "assertion failed: !l.is_linked");
}
#endif

}  // namespace
}  // namespace rouse
