//go:build profile

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// This is in no release: make profile builds it to see where the time goes under
// the loads of make bench. Each server writes what it saw into a file of its own.
func init() {
	profiled = func() func() {
		file, err := os.Create(filepath.Join(os.Getenv("PROFILES"), fmt.Sprintf("%d.prof", os.Getpid())))
		if err == nil {
			err = pprof.StartCPUProfile(file)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "mockpay:", err)
			os.Exit(1)
		}
		return func() {
			pprof.StopCPUProfile()
			_ = file.Close() // what is missing shows when it is read
		}
	}
}
