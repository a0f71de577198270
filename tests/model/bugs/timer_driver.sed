s/^  handle_.mailbox_->take_mail(\*this);  .. timers cancelled since$/  if (!model::planted("forgets what was cancelled at the end")) handle_.mailbox_->take_mail(*this);/
