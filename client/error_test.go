package client_test

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

func TestErrors(t *testing.T) {
	tests := []struct {
		name        string
		status      int
		media, body string
		want        client.Error
		sentence    string
	}{
		{
			name: "Problem", status: 409, media: "application/problem+json; charset=utf-8",
			body:     `{"type":"about:blank","title":"Conflict","status":409,"detail":"workspace \"a\" exists already"}`,
			want:     client.Error{Status: 409, Title: "Conflict", Detail: `workspace "a" exists already`},
			sentence: `workspace "a" exists already (409 Conflict)`,
		},
		{
			name: "Mistakes", status: 422, media: "application/problem+json",
			body: `{"title":"Invalid scenario","status":422,"detail":"the scenario has mistakes","errors":[
				{"line":3,"column":5,"path":"rules.0.on","message":"unknown operation"},{"line":4,"column":1,"path":"sed","message":"unknown key"}]}`,
			want: client.Error{Status: 422, Title: "Invalid scenario", Detail: "the scenario has mistakes", Errors: []client.Mistake{
				{Line: 3, Column: 5, Path: "rules.0.on", Message: "unknown operation"},
				{Line: 4, Column: 1, Path: "sed", Message: "unknown key"},
			}},
			sentence: "the scenario has mistakes (422 Invalid scenario); 3:5: unknown operation; 4:1: unknown key",
		},
		{
			name: "Text", status: 502, media: "text/plain", body: "no route\nto host\n",
			want:     client.Error{Status: 502, Title: "Bad Gateway", Detail: "no route to host"},
			sentence: "no route to host (502 Bad Gateway)",
		},
		{
			name: "Empty", status: 404, media: "text/plain",
			want:     client.Error{Status: 404, Title: "Not Found"},
			sentence: "the server answered 404 Not Found",
		},
		{
			name: "BrokenProblem", status: 500, media: "application/problem+json", body: `{"title":`,
			want:     client.Error{Status: 500, Title: "Internal Server Error", Detail: `{"title":`},
			sentence: `{"title": (500 Internal Server Error)`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv, _ := answering(t, tt.status, tt.media, tt.body)

			got, err := client.New(srv.URL).Clock(t.Context())

			var refused *client.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, tt.want, *refused)
			assert.EqualError(t, err, tt.sentence)
			assert.Nil(t, got)
		})
	}
}

func TestUnreachable(t *testing.T) {
	srv := httptest.NewServer(nil)
	srv.Close()

	_, err := client.New(srv.URL).Clock(t.Context())

	require.ErrorContains(t, err, "cannot reach mockpay at "+srv.URL+": ")
	require.ErrorContains(t, err, "(start it with `mockpay serve`, or set MOCKPAY_URL)")
}

func TestCanceled(t *testing.T) {
	srv, _ := answering(t, 200, "application/json", `{}`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	_, err := client.New(srv.URL).Clock(ctx)

	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "no answer from mockpay at "+srv.URL)
}
