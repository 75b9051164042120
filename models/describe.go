package models

import (
	"encoding/json"
	"fmt"

	"github.com/spillwaydb/spillway/internal/schema"
)

// descriptionVersion is the version of the form that [Describe] writes.
const descriptionVersion = 1

// A Description is what a program tells about itself: its tables, and the URL of its
// database where it declares one. It is for the command spillway.
type Description struct {
	Tables []*schema.Table
	URL    string
}

type description struct {
	Version int             `json:"version"`
	URL     string          `json:"url"`
	Schema  json.RawMessage `json:"schema"`
}

// Describe writes the tables of the default registry as JSON, for the command spillway,
// which has the program call it. It fails where [Check] does.
func Describe(url string) ([]byte, error) {
	if err := Check(defaultRegistry); err != nil {
		return nil, err
	}
	facts, err := schema.Encode(Tables(defaultRegistry))
	if err != nil {
		return nil, err
	}
	return json.Marshal(description{descriptionVersion, url, facts})
}

// DecodeDescription reads what [Describe] wrote, with this version of the package or an
// older one.
func DecodeDescription(b []byte) (*Description, error) {
	var d description
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	if d.Version < 1 || d.Version > descriptionVersion {
		return nil, fmt.Errorf("models: the program describes itself in version %d, and this one knows up to %d: install the spillway command of the version that the program uses", d.Version, descriptionVersion)
	}
	tables, err := schema.Decode(d.Schema)
	if err != nil {
		return nil, err
	}
	return &Description{Tables: tables, URL: d.URL}, nil
}
