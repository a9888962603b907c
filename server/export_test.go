package server

import "time"

// Hurry gives headers, bodies and pieces of answers less time, before Start. 0
// leaves it as it is.
func (s *Server) Hurry(header, body, write time.Duration) {
	for of, limit := range map[*time.Duration]time.Duration{&s.headerTimeout: header, &s.bodyTimeout: body, &s.writeTimeout: write} {
		if limit != 0 {
			*of = limit
		}
	}
}
