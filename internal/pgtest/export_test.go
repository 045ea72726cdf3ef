package pgtest

// GiveUp is giveUp: the machine that runs these tests has PostgreSQL.
var GiveUp = giveUp
