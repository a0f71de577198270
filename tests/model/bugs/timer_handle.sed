s/^    if (t.status() != state::waiting) return;/    if (t.status() != state::waiting \&\& !model::planted("fires what was cancelled")) return;/
s/^    if (clock) {$/    if (clock || model::planted("accepts when closed")) {/
s/^  wake_.unpark();$/  if (!model::planted("posts without an unpark")) wake_.unpark();/
s/^        references = 2;$/        references = model::planted("keeps the driver's reference") ? 1 : 2;/
s/^    if (gone->is_pending()) driver.disarm/    if (gone->is_pending() \&\& !model::planted("leaves it in the wheel")) driver.disarm/
s/^        untold.push_back(\*t);$/        if (!model::planted("does not tell what was posted")) untold.push_back(*t);/
s/^  if (timer_->status() != state::waiting) return false;$/  if (timer_->status() != state::waiting \&\& !model::planted("no second look under the lock")) return false;/
