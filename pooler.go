package spillway

import (
	"fmt"

	"github.com/spillwaydb/spillway/internal/driver"
)

// A Pooler is a kind of program between clients and a Postgres server that shares the
// server's connections among them; see [Config].
type Pooler string

const (
	// NoPooler: a connection of ours is one of the server's, as long as it is open.
	NoPooler Pooler = ""
	// TransactionPooler: PgBouncer with pool_mode=transaction, or one that works like
	// it. Each transaction may run on another connection of the server.
	TransactionPooler Pooler = "transaction"
)

// tell tells the driver.
func (p Pooler) tell(k driver.Connector) error {
	switch p {
	case NoPooler:
		return nil
	case TransactionPooler:
		pooled, ok := k.(driver.Pooled)
		if !ok {
			return fmt.Errorf("Pooler is %q, but %s has no pooler: leave it empty", p, k.Features().Name)
		}
		pooled.SetTransactionPooler()
		return nil
	default:
		return fmt.Errorf("Pooler is %q: want TransactionPooler (%q), or NoPooler for any other", p, TransactionPooler)
	}
}
