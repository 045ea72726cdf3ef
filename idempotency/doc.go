// Package idempotency answers a repeated request with the first answer, without a second effect.
//
// A client that does not learn what became of a write cannot know whether to send it again. With the header
// Idempotency-Key, which names one intended write, it can: the first request with a key is carried out, and its answer is
// kept in the same commit as its effects. Either both are in the log or neither, so that it makes no difference where
// a process was stopped, which process gets the repetition, or how many arrive at once. A repetition is answered with
// status, headers and body of the first answer, and with the header Idempotency-Replayed.
//
// The rules:
//
//   - A key is 1 to 255 visible ASCII characters, unless [Limits] say otherwise. It belongs to the caller; all anonymous callers are one.
//   - A key counts for [Lifetime]. With a request that differs in method, URL, body or a header that changes what
//     it does, it is refused with 400.
//   - Only answers below 400 are kept: a request that was refused had no effect, and is decided anew when it is repeated.
//   - An answer larger than [Limits] say is refused with 400 before anything happens.
//   - A flush removes the keys with everything else, but for its own.
//   - Who repeats a request is told again what he was told, also if he is not permitted any more what he did.
//
// It holds for the writes of resources and for batches, whose requests may also have keys of their own, and for endpoints of
// plug-ins that are wrapped: those of this project that write are.
//
// Without the header nothing is done. With it a commit has an entry more, in another place of the log than the effects:
// it is an atomic batch of two messages rather than one message, which takes the log several times as long.
//
// This package is not a cache: answers are events, kept in the secret part of the log, and objects of internal resources
// in the read model. They are in buckets by day ("/__idempotency__/2026-11-23/answers/..."), so that the first
// request with a key on a day removes expired ones with one event for each day.
//
// Start with [Keys.Wrap]; [Keys.Carry] is for handlers that read a body that is too large to be kept.
package idempotency
