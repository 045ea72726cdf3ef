// Package faults gives the service the bad days of an operator: it kills the real programs, the servers below them, and
// the disks, while clients write, and holds the service to its word afterwards. What was acknowledged is there, what was
// refused is not, and no update is lost.
//
// It is not about the HTTP API as such, which package acceptance tests, and has no code to import. Start with
// workload_test.go for what the clients do and how it is judged, then distributed_test.go. With KINTOLOG_SOAK=1 the
// tests take longer.
package faults
