package backend

import "time"

// Limits are settings of the pool that came with the URL or with a ready configuration
// of the driver, such as pool_max_conns; zero: not set there.
type Limits struct {
	MaxConnections int
	MaxAge         time.Duration
	MaxIdle        time.Duration
	ConnectTimeout time.Duration
}
