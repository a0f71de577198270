// Mutations of worker and executor that no model of theirs can notice, each with its reason.
#pragma once

#include <tests/model/checker.hpp>

namespace rouse::model {

inline constexpr survivor executor_survivors[] = {
    {"worker.cpp close compare_exchange_weak without acquire",
     "redundant: the drop_foreign() that ends close() acquires from the same word"},
    {"worker.cpp close compare_exchange_weak without release",
     "redundant: the drop_foreign() that ends close() releases to the same word"},
    {"worker.cpp settle load without acquire",
     "redundant: a drop to zero links, so what the owner sees as zero it has drained by an "
     "acquire"},
    {"worker.cpp end_sleep compare_exchange_strong without acquire",
     "redundant: when it succeeds it reads the owner's own mark"},
    {"executor_handle.cpp submit fetch_sub in two steps",
     "no fault: the queue is closed, nobody acts on the count any more"},
};

}  // namespace rouse::model
