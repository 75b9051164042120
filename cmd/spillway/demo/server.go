package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Bounds of the server. A page is small; a stream of points renews its own bound.
const (
	readTimeout     = 10 * time.Second
	writeTimeout    = 30 * time.Second
	idleTimeout     = time.Minute
	shutdownTimeout = 5 * time.Second
	headerLimit     = 16 << 10
)

// listen opens the address. It is done before anything else, so that an address in use
// is found out before minutes of work.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var c net.ListenConfig
	ln, err := c.Listen(ctx, "tcp", address)
	if err == nil {
		return ln, nil
	}
	for _, wrong := range []any{new(*net.AddrError), new(*net.DNSError)} {
		if errors.As(err, wrong) {
			return nil, &UsageError{fmt.Errorf("--listen %s: %w", address, err)}
		}
	}
	return nil, fmt.Errorf("--listen %s: %w", address, err)
}

// serve answers requests until ctx ends, then lets running ones finish for a while.
func serve(ctx context.Context, ln net.Listener, h http.Handler) error {
	// Streams and running load end at once with ctx, other requests may finish.
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerLimit,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving the page: %w", err)
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := server.Shutdown(patience)
	if err != nil {
		err = server.Close() // what does not end in time is cut
	}
	<-failed
	return err
}
