package projections

import (
	"encoding/hex"
	"fmt"

	"github.com/kintolog/kintolog/domain"
	"github.com/kintolog/kintolog/eventstore"
)

// ParseTail is the tail that a store keeps as a position and the text of a hash.
func ParseTail(position domain.Position, hash string) (eventstore.Tail, error) {
	tail := eventstore.Tail{Position: position}
	n, err := hex.Decode(tail.Hash[:], []byte(hash))
	if err != nil || n != len(tail.Hash) {
		return eventstore.Tail{}, fmt.Errorf("read checkpoint %d: hash %q is not one", position, hash)
	}
	return tail, nil
}
