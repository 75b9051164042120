package main

import (
	"net"
	"net/url"
	"time"
)

// delayed starts a proxy in front of the server of a URL that holds back what the server
// says for d, without holding back what follows: a network of that round trip. It returns
// the URL through it.
func (w *world) delayed(server string, d time.Duration) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	w.onClose(func() { _ = l.Close() })
	target := u.Host
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			back, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			go carry(back, client, 0)
			go carry(client, back, d)
		}
	}()
	u.Host = l.Addr().String()
	return u.String(), nil
}

// A piece is bytes on their way, and when they are due.
type piece struct {
	due   time.Time
	bytes []byte
}

// carry copies from one connection to the other, each piece d later, and closes both
// with the first.
func carry(to, from net.Conn, d time.Duration) {
	way := make(chan piece, 1024)
	go func() {
		defer to.Close()
		for p := range way {
			if rest := time.Until(p.due); rest > 0 {
				<-time.After(rest)
			}
			if _, err := to.Write(p.bytes); err != nil {
				_ = from.Close()
			}
		}
	}()
	defer close(way)
	defer from.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		way <- piece{time.Now().Add(d), append([]byte{}, buf[:n]...)}
	}
}
