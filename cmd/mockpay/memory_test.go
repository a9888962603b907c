package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCollectAt(t *testing.T) {
	for _, tt := range []struct {
		live uint64
		want int64
	}{
		{0, 1000},
		{1 << 20, 1000},
		{8 << 20, 300},
		{24 << 20, 100},
		{25 << 20, 75},
		{200 << 20, 25},
		{1 << 40, 25},
	} {
		assert.Equal(t, tt.want, collectAt(tt.live), "%d in use", tt.live)
	}
}
