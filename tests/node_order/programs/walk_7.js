require('../walk.js')(55433);
