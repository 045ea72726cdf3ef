package rest

// PositionHeader carries a place in the log: on an answer, that of a write which could not wait until it is readable; on a
// request, the one that must be readable before it is answered.
const PositionHeader = "Kintolog-Position"
