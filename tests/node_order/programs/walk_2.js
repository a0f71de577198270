require('../walk.js')(15838);
