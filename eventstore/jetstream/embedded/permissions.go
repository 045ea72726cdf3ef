package embedded

import (
	"fmt"
	"strings"

	"github.com/nats-io/nkeys"
)

// ownerInbox is the subject below which the owner is answered.
const ownerInbox = "_KINTOLOG_INBOX"

// users of the server are known by keys, made when it starts. That of the owner exists in this process only; whoever
// connects without a key is the subscriber.
type users struct {
	owner        nkeys.KeyPair
	ownerID      string
	subscriberID string
}

func newUsers() (u users, err error) {
	if u.owner, err = nkeys.CreateUser(); err != nil {
		return u, err
	}
	if u.ownerID, err = u.owner.PublicKey(); err != nil {
		return u, err
	}
	subscriber, err := nkeys.CreateUser()
	if err != nil {
		return u, err
	}
	u.subscriberID, err = subscriber.PublicKey()
	return u, err
}

// accounts separates the owner from subscribers, who get
//
//   - the live events of the log, by subscribing to "kintolog", "kintolog.>" or below that,
//   - its past, by pull consumers of their own with one such filter subject, through a
//     JetStream domain that is named like the log: jetstream.NewWithDomain(nc, "kintolog"),
//
// and nothing else; in particular no secret events, and no way to change anything.
//
// The owner's account is called KINTOLOG; its name is that of a folder in the data and cannot change.
//
// Subscribers have an account of their own because permissions would not do. The server delivers what a
// consumer reads to whatever reply subject a request names, with rights of its own: inside the
// owner's account a subscriber could have it delivered into the log. Across accounts replies lead
// back to the account that asked. And the filter is part of the subject that creates a consumer,
// which the server compares with the request, so that a consumer of secret events cannot be made.
func (u users) accounts(log string) string {
	var exports, imports, publish []string
	for _, subject := range []string{
		"API.CONSUMER.CREATE." + log + ".*." + log,
		"API.CONSUMER.CREATE." + log + ".*." + log + ".>",
		"API.CONSUMER.INFO." + log + ".*",
		"API.CONSUMER.MSG.NEXT." + log + ".*",
	} {
		to := "$JS." + log + "." + subject
		exports = append(exports, fmt.Sprintf(`{service: "$JS.%s", response_type: stream}`, subject))
		imports = append(imports, fmt.Sprintf(`{service: {account: KINTOLOG, subject: "$JS.%s"}, to: %q}`, subject, to))
		publish = append(publish, fmt.Sprintf("%q", to))
	}
	ack := "$JS.ACK." + log + ".>"
	exports = append(exports, fmt.Sprintf(`{service: %q}`, ack))
	imports = append(imports, fmt.Sprintf(`{service: {account: KINTOLOG, subject: %q}}`, ack))
	publish = append(publish, fmt.Sprintf("%q", ack))
	for _, subject := range []string{log, log + ".>"} {
		exports = append(exports, fmt.Sprintf(`{stream: %q}`, subject))
		imports = append(imports, fmt.Sprintf(`{stream: {account: KINTOLOG, subject: %q}}`, subject))
	}
	return fmt.Sprintf(`
accounts {
  KINTOLOG {
    jetstream: enabled
    users: [{nkey: %q}]
    exports: [%s]
  }
  SUBSCRIBERS {
    users: [{nkey: %q, permissions: {
      subscribe: {allow: [%q, %q, "_INBOX.>"]}
      publish: {allow: [%s]}
    }}]
    imports: [%s]
  }
}
no_auth_user: %q
`, u.ownerID, strings.Join(exports, ", "),
		u.subscriberID, log, log+".>", strings.Join(publish, ", "), strings.Join(imports, ", "), u.subscriberID)
}
