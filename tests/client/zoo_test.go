package zoo

import (
	"context"
	"testing"
)

// Client stands in for the package's own.
type Client struct{}

func answer[T any](context.Context, *Client, Request) (answer T, err error) { return }

var _ func(*Client, context.Context, *Feed) (*Fed, error) = (*Client).Feed

func TestRewritten(t *testing.T) {
	no := false
	for _, c := range []struct {
		request Request
		body    string
		written string
	}{
		{
			&Feed{Animal: Animal{Name: "Ada", Food: FoodMeat}},
			`{"grams":0,"food":"raw_meat","op":"feed","called":"Ada"}`,
			`{"op":"feed","called":"Ada","food":"raw_meat","grams":0,"place":{"where":"cage"},"slowly":true}`,
		},
		{
			&Feed{Animal: Animal{Food: FoodGrass, Nicknames: []string{"x"}}, Place: &Pool{-2147483648}, Slowly: &no},
			`{"op":"feed","called":"","food":"grass","grams":0,"nicknames":["x"],"place":{"degrees":-2147483648,"where":"pool"},"word":null,"slowly":false}`,
			`{"op":"feed","called":"","food":"grass","nicknames":["x"],"grams":0,"place":{"where":"pool","degrees":-2147483648},"slowly":false}`,
		},
		{&RequestCount{}, `{"op":"count","slowly":null}`, `{"op":"count"}`},
	} {
		read, err := UnmarshalRequest([]byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		for _, request := range []Request{c.request, read} {
			if body, err := MarshalRequest(request); err != nil || string(body) != c.written {
				t.Errorf("got %s %v, want %s", body, err, c.written)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for _, body := range []string{
		`{"op":"feed","name":"Ada","food":"grass","grams":0}`,
		`{"op":"feed","called":"","food":"raw_meat","grams":65536}`,
		`{"op":"feed","called":"","food":"meat","grams":0}`,
		`{"op":"feed","called":"","food":"grass","grams":0,"slowly":null}`,
		`{"op":"feed","called":"","food":"grass","grams":0,"word":"0123456789"}`,
		`{"op":"feed","called":"","food":"grass","grams":0,"nicknames":["","",""]}`,
		`{"op":"feed","called":"","food":"grass","grams":0,"place":{"where":"pool","degrees":2147483648}}`,
		`{"op":"feed","called":"","food":"grass","grams":0,"place":{"where":"pool","degrees":-0}}`,
	} {
		if request, err := UnmarshalRequest([]byte(body)); err == nil {
			t.Errorf("%s was read as %+v", body, request)
		}
	}
}
