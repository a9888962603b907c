//go:build race

package server_test

// raced says that the race detector watches.
const raced = true
