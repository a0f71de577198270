s/^    if (is_closed_) return std::unexpected/    if (is_closed_ \&\& !model::planted("accepts when closed")) return std::unexpected/
s/^  t->is_claimed = true;$/  t->is_claimed = !model::planted("a claim is not told");/
s/^  while (!me.is_claimed && !is_closed_) {$/  while (!me.is_claimed \&\& (model::planted("sleeps though closed") || !is_closed_)) {/
s/return queue_.startable() != 0;/return !model::planted("goes without a look at the queue") \&\& queue_.startable() != 0;/
s/^  queue_.end(me.job_kind);$/  if (!model::planted("the end of a job is not counted")) queue_.end(me.job_kind);/
s/^      call_thread();$/      if (!model::planted("who takes a job calls no other thread")) call_thread();/
s/^    call_thread();$/    if (!model::planted("a submit calls no thread")) call_thread();/
s/^    if (queue_.startable() > free_threads() \&\& /    if (queue_.startable() > (model::planted("one thread is thought enough for all") \&\& live_ != 0 ? 99 : free_threads()) \&\& /
s/^  lingering_ = nullptr;$/  if (!model::planted("is still thought to linger")) lingering_ = nullptr;/
s/^  if (waiter) waker::adopt(\*waiter).wake_and_reset();$/  if (waiter \&\& !model::planted("the end of a job wakes nobody")) waker::adopt(*waiter).wake_and_reset();/
s/^  if (has_ended) waiter_.store/  if (has_ended \&\& !model::planted("a waiter takes the place of the end")) waiter_.store/
s/^  if (unused) waker::adopt(\*unused).reset();$/  if (unused \&\& !model::planted("a waker in nobody's place is kept")) waker::adopt(*unused).reset();/
