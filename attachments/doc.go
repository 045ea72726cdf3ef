// Package attachments lets clients attach a file to a record (protocol, appendix B).
//
// [New] makes the plug-in: POST and DELETE on {record}/attachment, the rule that nobody else changes what a record says
// of its file, and files served where no other server does that. Files are in a [Store]: a folder ([OpenLocal]) or a
// service with the API of S3 ([NewS3], by means of minio-go, because it signs, splits and retries as such services want
// it, and is maintained).
//
// A file is stored before the record says so, in an ordinary event. Therefore a file may exist that no record refers
// to; never the other way round. To find such files again, the store holds an empty mark for each, made before it, whose
// key names the record and the file. The collector follows the log and looks through the marks of what has changed, and
// from time to time through all of them. It removes a file whose record does not refer to it, and nothing that has no
// mark of this log: what else is in the store is safe.
//
// Files are public to everyone who knows their URL, which holds a random name unless the operator decides otherwise.
//
// Start with upload.go, then collector.go.
package attachments
