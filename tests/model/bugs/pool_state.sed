s/^    if (is_closed_) return std::unexpected/    if (is_closed_ \&\& !model::planted("accepts when closed")) return std::unexpected/
s/^  t->is_claimed = true;$/  t->is_claimed = !model::planted("a claim is not told");/
s/^  while (!me.is_claimed && !is_closed_) {$/  while (!me.is_claimed \&\& (model::planted("sleeps though closed") || !is_closed_)) {/
s/return !queue_.is_empty();/return !model::planted("goes without a look at the queue") \&\& !queue_.is_empty();/
