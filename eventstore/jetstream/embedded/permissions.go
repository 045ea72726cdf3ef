package embedded

import (
	"github.com/nats-io/nats-server/v2/server"
)

// Users of the server. The owner's password exists in this process only; whoever connects without
// a name is a subscriber.
const (
	owner      = "kintolog"
	subscriber = "subscriber"
	ownerInbox = "_KINTOLOG_INBOX"
)

// users gives subscribers the live events of the log, without the secret ones, and nothing
// else. In particular they may not use the JetStream API: the server delivers what a consumer
// reads to any subject that the request names, with its own rights, so who may create or pull from a
// consumer could as well send commands. A program that needs the past reads it over HTTP, or
// runs on a NATS server where an operator grants it a consumer.
func (s *Server) users() []*server.User {
	log := string(s.config.Log)
	return []*server.User{
		{Username: owner, Password: s.password},
		{Username: subscriber, Password: s.password, Permissions: &server.Permissions{
			Subscribe: &server.SubjectPermission{Allow: []string{log, log + ".>"}},
			Publish:   &server.SubjectPermission{Deny: []string{">"}},
		}},
	}
}
