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
		{25 << 20, 80},
		{60 << 20, 40},
		{1 << 40, 40},
	} {
		assert.Equal(t, tt.want, collectAt(tt.live), "%d in use", tt.live)
	}
}
