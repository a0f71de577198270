s/^    if (is_closed_) return std::unexpected/    if (is_closed_ \&\& !model::planted("accepts when closed")) return std::unexpected/
s/^  t->is_claimed = true;$/  t->is_claimed = !model::planted("a claim is not told");/
s/^  while (!me.is_claimed && !is_closed_) {$/  while (!me.is_claimed \&\& (model::planted("sleeps though closed") || !is_closed_)) {/
s/return queue_.startable() != 0;/return !model::planted("goes without a look at the queue") \&\& queue_.startable() != 0;/
s/^    if (queue_.startable() > claimed_ && !claim_idle()/    if (queue_.startable() > (model::planted("a thread on its way is thought enough for all") \&\& claimed_ ? 99 : claimed_) \&\& !claim_idle()/
s/^  queue_.end(me.job_kind);$/  if (!model::planted("the end of a job is not counted")) queue_.end(me.job_kind);/
