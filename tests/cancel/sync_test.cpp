// Handovers, interrupted at each point: what was meant for a waiter that goes away reaches the next
// one, or stays.
#include "cancel_every_await.hpp"

namespace scenarios {
namespace {

using namespace rouse;

class handover : public on_each_reactor {};
SCENARIOS_ON_EACH_REACTOR(handover);

TEST_P(handover, a_permit_goes_to_the_next) {
  holds(3, [](trial& run) -> task<void> {
    sync::local_semaphore slots(1);
    auto use = [](sync::local_semaphore& from) -> task<void> {
      auto slot = co_await from.acquire();
      co_await yield_now();
    };
    auto before = spawn(assume_owned(use(slots)));
    co_await yield_now();
    auto late = [](sync::local_semaphore& from) -> task<void> {
      co_await yield_now();  // queues behind the one that is interrupted
      auto slot = co_await from.acquire();
    };
    auto after = spawn(assume_owned(late(slots)));
    auto slot = co_await run.interrupt(slots.acquire());
    slot.reset();
    co_await std::move(before);
    co_await std::move(after);
    run.expect(slots.available() == 1, "the permit is lost");
  });
}

TEST_P(handover, permits_of_other_threads) {
  holds(2, [](trial& run) -> task<void> {
    sync::semaphore slots(0);
    auto give = [](sync::semaphore& to) -> task<void> {
      co_await yield_now();
      co_await spawn_blocking([](sync::semaphore* s) { s->add(2); }, &to);
    };
    auto giving = spawn(assume_owned(give(slots)));
    auto both = co_await run.interrupt(slots.acquire(2));
    both.reset();
    co_await std::move(giving);
    run.expect(slots.available() == 2, "permits are lost");
  });
}

TEST_P(handover, a_message_stays_in_the_channel) {
  holds(2, [](trial& run) -> task<void> {
    auto ends = sync::oneshot<std::string>();
    auto send = [](sync::oneshot_sender<std::string> to) -> task<void> {
      co_await yield_now();
      (void)to.send("hello");
    };
    auto sending = spawn(send(std::move(ends.sender)));
    auto got = co_await run.interrupt(ends.receiver.receive());
    if (!got) got = co_await ends.receiver.receive();
    run.expect(*got == "hello", "the message is lost");
    co_await std::move(sending);
  });
}

TEST_P(handover, a_sender_learns_that_its_receiver_is_gone) {
  holds(2, [](trial& run) -> task<void> {
    auto ends = sync::local_oneshot<std::string>();
    auto receive = [](sync::local_oneshot_receiver<std::string> from) -> task<std::string> {
      std::string text = co_await from.receive();
      co_return text;
    };
    auto send = [](sync::local_oneshot_sender<std::string> to) -> task<bool> {
      co_await yield_now();
      co_await yield_now();
      auto sent = to.send("hello");
      co_return sent.has_value();
    };
    auto sending = spawn(send(std::move(ends.sender)));
    auto got = co_await run.interrupt(receive(std::move(ends.receiver)));
    const bool sent = co_await std::move(sending);
    run.expect(!got || (sent && *got == "hello"), "another message");
    run.expect(got || run.was_interrupted(), "no message");
  });
}

TEST_P(handover, a_notification_goes_to_the_next) {
  holds(3, [](trial& run) -> task<void> {
    sync::local_notify bell;
    auto listen = [](sync::local_notify& to) -> task<void> {
      co_await yield_now();  // queues behind the one that is interrupted
      co_await to.wait();
    };
    auto ring = [](sync::local_notify& it) -> task<void> {
      co_await yield_now();
      co_await yield_now();
      it.notify_one();
    };
    auto listening = spawn(assume_owned(listen(bell)));
    auto ringing = spawn(assume_owned(ring(bell)));
    auto told = co_await run.interrupt(bell.wait());
    co_await std::move(ringing);
    if (told) bell.notify_one();
    co_await std::move(listening);  // hangs when the notification is lost
  });
}

}  // namespace
}  // namespace scenarios
