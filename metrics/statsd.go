package metrics

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kintolog/kintolog/server"
)

const (
	// packetSize is that of UDP packets that no network splits, in bytes.
	packetSize = 1400
	// waitingLines is how many values wait to be sent; more are dropped.
	waitingLines = 8192
	// gaugeInterval is how often gauges are sent.
	gaugeInterval = 10 * time.Second
)

// StatsD sends what is measured to a StatsD server as it happens, while the service runs. The prefix is followed by a dot;
// what has a meaning in StatsD's lines is left out of it, or replaced. Labels are part of the name:
// "kinto.request_summary.method.get.endpoint.hello". What the network loses is lost, and nothing waits for it. Disabled
// metrics are not sent; the other options are not used. The error is that of an address that is no host:port.
func StatsD(address string, o Options) (*Meter, error) {
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "udp", address)
	if err != nil {
		return nil, fmt.Errorf("send metrics to StatsD: %w", err)
	}
	o = o.withDefaults()
	s := &statsd{conn: conn, prefix: harmless(o.Prefix) + ".", disabled: map[string]bool{}, lines: make(chan string, waitingLines)}
	for _, name := range o.Disabled {
		s.disabled[strings.TrimSuffix(underscored(name), "_total")] = true
	}
	return newMeter(o, s, server.Plugin{Name: "statsd", Background: s.run}), nil
}

// statsd sends lines such as "kinto.commits:1|c".
type statsd struct {
	conn     net.Conn
	prefix   string
	disabled map[string]bool
	lines    chan string
	own      []gauge
}

func (s *statsd) add(*metric) {}

func (s *statsd) gauge(g gauge) { s.own = append(s.own, g) }

func (s *statsd) observe(m *metric, value float64, labels ...string) {
	if s.disabled[m.name] {
		return
	}
	switch m.kind {
	case counter:
		s.put(s.name(m, labels) + ":1|c")
	case unique:
		s.put(s.prefix + m.name + ":" + strings.TrimPrefix(path(m, labels), ".") + "|s")
	case timer:
		s.put(s.name(m, labels) + ":" + number(value*1000) + "|ms")
	default:
		s.put(s.name(m, labels) + ":" + number(value) + "|h")
	}
}

func (s *statsd) name(m *metric, labels []string) string { return s.prefix + m.name + path(m, labels) }

// path is the labels that have a value: ".name.value".
func path(m *metric, labels []string) string {
	var b strings.Builder
	for i, value := range labels {
		if value != "" {
			b.WriteString("." + m.labels[i] + "." + harmless(value))
		}
	}
	return b.String()
}

// harmless leaves out colons and replaces what else has a meaning in a line.
func harmless(value string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ':':
			return -1
		case r == '|', r == '@', r == '#', r <= ' ':
			return '_'
		}
		return r
	}, value)
}

func number(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }

// put lets a line wait, or drops it.
func (s *statsd) put(line string) {
	select {
	case s.lines <- line:
	default:
	}
}

// run sends what waits until ctx ends, as many lines in a packet as fit.
func (s *statsd) run(ctx context.Context, parts server.Parts) {
	defer func() { _ = s.conn.Close() }()
	ticks := time.NewTicker(gaugeInterval)
	defer ticks.Stop()
	for {
		select {
		case line := <-s.lines:
			s.send(line)
		case <-ticks.C:
			s.gauges(ctx, parts)
		case <-ctx.Done():
			return
		}
	}
}

// send sends a line and those that wait, up to a packet.
func (s *statsd) send(packet string) {
	for len(packet) < packetSize {
		select {
		case line := <-s.lines:
			if len(packet)+1+len(line) > packetSize {
				_, _ = s.conn.Write([]byte(packet)) // nobody has to listen
				packet = line
				continue
			}
			packet += "\n" + line
			continue
		default:
		}
		break
	}
	_, _ = s.conn.Write([]byte(packet))
}

func (s *statsd) gauges(ctx context.Context, parts server.Parts) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for _, g := range slices.Concat(gauges(parts), s.own) {
		if value, err := g.read(ctx); err == nil && !s.disabled[g.name] {
			s.put(s.prefix + g.name + ":" + number(value) + "|g")
		}
	}
}
