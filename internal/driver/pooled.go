package driver

import "log/slog"

// A Pooled is a [Connector] that can work through a program which lends the server's
// connections for one transaction at a time, such as PgBouncer in transaction mode.
type Pooled interface {
	// SetTransactionPooler says that there is one. It is called before the first Connect.
	SetTransactionPooler()
}

// A Logging is a [Connector] with something to tell that is no error of any call. Package
// pool gives it the logger.
type Logging interface {
	SetLogger(l *slog.Logger)
}
