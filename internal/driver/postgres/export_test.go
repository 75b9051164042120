package postgres

// Stepwise makes c send one statement at a time, as it does behind a pooler that takes no
// more.
func Stepwise(c *Connector) {
	c.pooler.stepwise.Store(true)
	c.pooler.probed.Store(true)
}

// IsStepwise tells whether c does.
func IsStepwise(c *Connector) bool { return c.pooler.stepwise.Load() }
