package testdb

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// A Proxy stands between clients and a Postgres server, without TLS. It counts what
// crosses it and, on demand, delays, swallows or cuts it. Its methods are safe for
// concurrent use. A fault applies to all connections, open and future ones, until it is
// taken back with its zero value.
type Proxy struct {
	listener net.Listener
	target   string // host:port of the server
	url      string
	work     sync.WaitGroup

	mu     sync.Mutex
	counts Counts
	faults faults
	change chan struct{} // closed when faults change
	links  map[*link]struct{}
	closed bool
}

// Counts are what has crossed a Proxy since it was made, or since Reset.
type Counts struct {
	// Connections counts sessions, Cancels the connections that carried a cancel request.
	Connections, Cancels int
	// RoundTrips counts how often a client turned from reading to writing.
	RoundTrips int
	// Messages from clients.
	Parse, Bind, Describe, Execute, Sync, Close, Query int
}

type faults struct {
	delay     time.Duration
	blackHole bool
	refuse    bool
	cut       Cut
}

// A Cut says when a Proxy cuts the next connection that sends something.
type Cut uint8

const (
	// CutNothing lets everything pass.
	CutNothing Cut = iota
	// CutBefore cuts before the server sees the request.
	CutBefore
	// CutAfter cuts when the server has answered, before the client sees the answer.
	CutAfter
)

// NewProxy starts a proxy in front of the server of a URL, until the test ends.
func NewProxy(t testing.TB, server string) *Proxy {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("testdb: the server's URL: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, target: u.Host, change: make(chan struct{}), links: map[*link]struct{}{}}
	u.Host = l.Addr().String()
	q := u.Query()
	q.Set("sslmode", "disable") // encrypted messages can not be counted
	u.RawQuery = q.Encode()
	p.url = u.String()
	p.work.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// URL is the server's URL with the proxy's address.
func (p *Proxy) URL() string { return p.url }

// Counts returns what has crossed.
func (p *Proxy) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

// Reset returns the counts and starts again from zero.
func (p *Proxy) Reset() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counts
	p.counts = Counts{}
	return c
}

// Delay holds back every answer of the server for d.
func (p *Proxy) Delay(d time.Duration) { p.set(func(f *faults) { f.delay = d }) }

// BlackHole swallows everything in both directions; connections stay open, and new ones
// are accepted. What was swallowed is lost: after it was on, cut the connections.
func (p *Proxy) BlackHole(on bool) { p.set(func(f *faults) { f.blackHole = on }) }

// Refuse closes new connections at once.
func (p *Proxy) Refuse(on bool) { p.set(func(f *faults) { f.refuse = on }) }

// Cut cuts the next connection that sends something, once.
func (p *Proxy) Cut(when Cut) { p.set(func(f *faults) { f.cut = when }) }

// CutAll cuts all connections now.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.cut()
	}
}

func (p *Proxy) set(f func(*faults)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.faults)
	close(p.change)
	p.change = make(chan struct{})
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.CutAll()
	p.work.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.work.Go(func() { p.serve(client) })
	}
}

// A link is one connection through the proxy.
type link struct {
	client, server net.Conn
	ended          chan struct{}
	end            sync.Once

	mu        sync.Mutex
	answering bool // the server has spoken last
	dropping  bool // CutAfter: the next answer cuts
}

// cut ends the link without a word to either side.
func (l *link) cut() {
	l.end.Do(func() {
		close(l.ended)
		_ = l.client.Close()
		_ = l.server.Close()
	})
}

func (p *Proxy) serve(client net.Conn) {
	p.mu.Lock()
	refuse := p.faults.refuse || p.closed
	p.mu.Unlock()
	if refuse {
		_ = client.Close()
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	l := &link{client: client, server: server, ended: make(chan struct{})}
	p.mu.Lock()
	p.links[l] = struct{}{}
	if p.closed {
		l.cut()
	}
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { defer l.cut(); p.requests(l) })
	both.Go(func() { defer l.cut(); p.answers(l) })
	both.Wait()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// requests carries what the client sends.
func (p *Proxy) requests(l *link) {
	var messages splitter
	buf := make([]byte, 64<<10)
	for {
		n, err := l.client.Read(buf)
		if n > 0 && !p.request(l, &messages, buf[:n]) {
			return
		}
		if err != nil {
			return
		}
	}
}

// request carries one piece and tells whether the link goes on.
func (p *Proxy) request(l *link, messages *splitter, piece []byte) bool {
	l.mu.Lock()
	turned := l.answering
	l.answering = false
	l.mu.Unlock()
	p.mu.Lock()
	if turned {
		p.counts.RoundTrips++
	}
	started := messages.started
	messages.split(piece, &p.counts)
	f := p.faults
	if started && f.cut != CutNothing && !f.blackHole {
		p.faults.cut = CutNothing
	}
	p.mu.Unlock()
	if f.blackHole {
		return true
	}
	if started {
		switch f.cut {
		case CutBefore:
			return false
		case CutAfter:
			l.mu.Lock()
			l.dropping = true
			l.mu.Unlock()
		}
	}
	_, err := l.server.Write(piece)
	return err == nil
}

// answers carries what the server sends.
func (p *Proxy) answers(l *link) {
	buf := make([]byte, 64<<10)
	for {
		n, err := l.server.Read(buf)
		if n > 0 {
			l.mu.Lock()
			l.answering = true
			dropping := l.dropping
			l.mu.Unlock()
			if dropping || !p.hold(l) {
				return
			}
			p.mu.Lock()
			blackHole := p.faults.blackHole
			p.mu.Unlock()
			if !blackHole {
				if _, err := l.client.Write(buf[:n]); err != nil {
					return
				}
			}
		}
		if err != nil {
			p.mu.Lock()
			blackHole, change := p.faults.blackHole, p.change
			p.mu.Unlock()
			if blackHole && errors.Is(err, io.EOF) { // the end is swallowed too
				select {
				case <-l.ended:
				case <-change:
				}
			}
			return
		}
	}
}

// hold waits for the delay, or until it changes.
func (p *Proxy) hold(l *link) bool {
	p.mu.Lock()
	delay, change := p.faults.delay, p.change
	p.mu.Unlock()
	if delay <= 0 {
		return true
	}
	t := time.NewTimer(delay)
	defer t.Stop()
	select {
	case <-t.C:
	case <-change:
	case <-l.ended:
		return false
	}
	return true
}

// The requests that stand in the place of a start-up message (manual, "Message
// Formats").
const (
	cancelRequest = 80877102
	tlsRequest    = 80877103
	gssRequest    = 80877104
)

// A splitter finds the messages in the stream of a client.
type splitter struct {
	started bool   // the start-up message is through
	head    []byte // of a message that has begun
	rest    int    // bytes of a message that still come
}

// split counts the messages that begin in piece.
func (s *splitter) split(piece []byte, counts *Counts) {
	for len(piece) > 0 {
		if s.rest > 0 {
			n := min(s.rest, len(piece))
			s.rest -= n
			piece = piece[n:]
			continue
		}
		s.head = append(s.head, piece[0])
		piece = piece[1:]
		if !s.started {
			if len(s.head) == 8 {
				s.startUp(counts)
			}
			continue
		}
		if len(s.head) == 5 {
			s.count(counts)
		}
	}
}

func (s *splitter) startUp(counts *Counts) {
	s.rest = int(binary.BigEndian.Uint32(s.head)) - 8
	switch binary.BigEndian.Uint32(s.head[4:]) {
	case tlsRequest, gssRequest: // the start-up message follows
	case cancelRequest:
		counts.Cancels++
	default:
		counts.Connections++
		s.started = true
	}
	s.head = s.head[:0]
}

func (s *splitter) count(counts *Counts) {
	s.rest = int(binary.BigEndian.Uint32(s.head[1:])) - 4
	switch s.head[0] {
	case 'P':
		counts.Parse++
	case 'B':
		counts.Bind++
	case 'D':
		counts.Describe++
	case 'E':
		counts.Execute++
	case 'S':
		counts.Sync++
	case 'C':
		counts.Close++
	case 'Q':
		counts.Query++
	}
	s.head = s.head[:0]
}
