s/^    while (is_sleeping()) {$/    for (bool blind = model::planted("waits before it looks"); std::exchange(blind, false) || is_sleeping();) {/
/void interrupt/,/}/s/const lock_guard lock(mutex_);/mutex other; const lock_guard lock(model::planted("notifies under no lock") ? other : mutex_);/
