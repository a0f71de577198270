s/^  has_posted_.store(true, order::relaxed);.*$/  if (!model::planted("posts without a flag")) has_posted_.store(true, order::relaxed);/
s/^    if (closed_) return std::unexpected(shut_down());$/    if (closed_ \&\& !model::planted("accepts when closed")) return std::unexpected(shut_down());/
s/^    must_unpark = w.posted;$/    must_unpark = w.posted \&\& !model::planted("drops without an unpark");/
s/^      if (w.current != watch::state::armed) {$/      if (w.current != watch::state::armed \&\& !model::planted("forgets to ask again")) {/
s/^      w.posted = false;$/      if (!model::planted("stays posted")) w.posted = false;/
s/^    settle(\*w, std::unexpected(shut_down()));$/    if (!model::planted("ends without a word")) settle(*w, std::unexpected(shut_down()));/
s/^  at_once ? to_wake.wake() : unpark();$/  at_once \&\& !model::planted("asks who is gone") ? to_wake.wake() : unpark();/
