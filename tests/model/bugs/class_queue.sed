s/^    if (startable(l) == 0) continue;$/    if (model::planted("a class begins over its cap") ? l.queued == 0 : startable(l) == 0) continue;/
s/^  --l.running;$/  if (!model::planted("a job that ended still counts")) --l.running;/
s/^    sum += startable(l);$/    sum += \&l != \&lanes_[0] \&\& model::planted("only general jobs need a thread") ? 0 : startable(l);/
