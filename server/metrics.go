package server

import (
	"runtime"

	"github.com/mockpay/mockpay/metrics"
	"github.com/mockpay/mockpay/provider"
)

// describe adds to a set what there is to say of the program and its process.
func (s *Server) describe(set *metrics.Set) {
	set.Gauge("mockpay_build_info", "The version of mockpay, and that of Go that built it.", func() float64 { return 1 },
		"version", s.Version, "goversion", runtime.Version())
	set.Go()
	set.Process()
}

// events are the names of the webhooks of each mock that sends some.
func events(mocks []*provider.Mock) map[string][]string {
	all := make(map[string][]string)
	for _, m := range mocks {
		if m.Webhook != nil {
			all[m.Name] = m.Events
		}
	}
	return all
}
