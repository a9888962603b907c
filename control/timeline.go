package control

import (
	"net/http"

	"github.com/mockpay/mockpay/workspace"
)

// A happeningBody is an entry of the timeline on the wire.
type happeningBody struct {
	Ref string `json:"ref"`
	At  stamp  `json:"at"`
	workspace.Happening
}

func (a *api) timeline(_ *http.Request, w *workspace.Workspace) (any, error) {
	entries, err := w.Timeline()
	all := []happeningBody{}
	for _, h := range entries {
		all = append(all, happeningBody{h.Ref, stamp(h.At), h})
	}
	return map[string]any{"timeline": all}, err
}
