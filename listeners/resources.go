package listeners

import (
	"net/http"

	"github.com/kintolog/kintolog/domain"
)

const (
	listenerName    = "listener"
	undeliveredName = "undelivered"

	all domain.Plural = "/__listeners__"
)

// resources are those in which listeners are remembered. Operators read them; what was set aside they also delete.
func resources() []domain.Resource {
	read := []string{http.MethodGet, http.MethodHead}
	readAndDelete := []string{http.MethodGet, http.MethodHead, http.MethodDelete}
	return []domain.Resource{
		{
			Name: listenerName, Path: string(all), Permissions: []string{"read", "write"}, Secret: true,
			PluralMethods: read, ObjectMethods: read,
		},
		{
			Name: undeliveredName, Path: string(all) + "/{" + listenerName + "}/undelivered", Secret: true, NeedsParent: true,
			Permissions: []string{"read", "write"}, PluralMethods: readAndDelete, ObjectMethods: readAndDelete,
		},
	}
}
