package jetstream

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Durability is when a server writes an acknowledged entry through to its disk.
type Durability struct {
	// Server is the name the server gives itself, URL the address that was asked.
	Server, URL string
	// Known is false if the server could not be asked; Err says why. Nothing else is set then.
	Known bool
	Err   error
	// SyncAlways: before it acknowledges. Otherwise every SyncInterval, and a power failure
	// loses what was acknowledged in between.
	SyncAlways   bool
	SyncInterval time.Duration
}

func (d Durability) String() string {
	switch {
	case !d.Known:
		return fmt.Sprintf("%s: unknown: %v", d.URL, d.Err)
	case d.SyncAlways:
		return d.Server + ": synced before it is acknowledged"
	}
	return fmt.Sprintf("%s: synced every %s, acknowledged before", d.Server, d.SyncInterval)
}

// CheckDurability asks servers for their settings. The URLs are those of the monitoring
// endpoints, "http://host:8222", one for each server of a cluster: none of them knows the settings
// of the others. The answers are in the order of the URLs.
func CheckDurability(ctx context.Context, urls ...string) []Durability {
	all := make([]Durability, len(urls))
	for i, url := range urls {
		all[i] = durability(ctx, url)
	}
	return all
}

// varz is the part of a server's settings that matters here.
type varz struct {
	Name      string `json:"server_name"`
	JetStream struct {
		Config *struct {
			SyncAlways   bool          `json:"sync_always"`
			SyncInterval time.Duration `json:"sync_interval"`
		} `json:"config"`
	} `json:"jetstream"`
}

func durability(ctx context.Context, url string) Durability {
	settings, err := ask(ctx, strings.TrimSuffix(url, "/")+"/varz")
	if err != nil {
		return Durability{URL: url, Err: err}
	}
	config := settings.JetStream.Config
	return Durability{
		Server: settings.Name, URL: url, Known: true,
		SyncAlways: config.SyncAlways, SyncInterval: config.SyncInterval,
	}
}

func ask(ctx context.Context, url string) (*varz, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: %s", url, response.Status)
	}
	var settings varz
	if err := json.NewDecoder(response.Body).Decode(&settings); err != nil {
		return nil, fmt.Errorf("get %s: %w", url, err)
	}
	if settings.JetStream.Config == nil {
		return nil, fmt.Errorf("get %s: JetStream does not run there", url)
	}
	return &settings, nil
}
