s/^  const auto seen =$/  if (model::planted("coalesces by a look") \&\& (t.foreign.load(order::relaxed) \& task_header::notified)) return;\n  const auto seen =/
s/fold(t, t.foreign.exchange(task_header::linked, /fold(t, t.foreign.exchange(model::planted("a poll unlinks") ? 0u : std::uint64_t{task_header::linked}, /
s/^  if (t.references < 0) {$/  if (!model::planted("the other half is not folded") \&\& t.references < 0) {/
s/^    if (tell) next |= task_header::linked;$/    if (tell \&\& !model::planted("tells after the drop")) next |= task_header::linked;/
s/ count(next) <= 0;$/ count(next) <= (model::planted("a drop to zero is not told") ? -1 : 0);/
s/^  if (head != asleep()) return;$/  if ((model::planted("looks for the mark after the push") ? w.inbox_.load(order::relaxed) : head) != asleep()) return;/
s/^    if (seen & task_header::linked) return false;$/    if ((seen \& task_header::linked) \&\& !model::planted("does not wait for who is about to push")) return false;/
s/^  while (!is_copy && unparked_.load(order::acquire) != owed_) {$/  while (!is_copy \&\& !model::planted("forgets what it is owed") \&\& unparked_.load(order::acquire) != owed_) {/
s/ + (t.joined ? 1 : 0) + 1;$/ + (t.joined \&\& !model::planted("does not count the handle") ? 1 : 0) + 1;/
s/^  if (f & task_header::cancel) t.ending |= task_header::cancelled;$/  if ((f \& task_header::cancel) \&\& !model::planted("drops the request to end")) t.ending |= task_header::cancelled;/
s/^  if (f & task_header::unjoin) {$/  if ((f \& task_header::unjoin) \&\& !model::planted("keeps the handle's word")) {/
