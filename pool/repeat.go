package pool

// maxTold bounds how many loops are logged: the same one is logged once.
const maxTold = 256

// RepeatAfter is how often an owner may send the same query in short order before it is to
// be reported with [Pool.Repeated]; 0 for as often as it likes.
func (p *Pool) RepeatAfter() int {
	if p.cfg.RepeatAfter == Unlimited {
		return 0
	}
	return p.cfg.RepeatAfter
}

// Repeated notes that an owner has sent the same query RepeatAfter times: owner is its
// label, at the line of the program, "" if that is not known. It is counted each time and
// logged once for each line and query. Package models calls it, which knows sessions.
func (p *Pool) Repeated(owner, at, sql string) {
	p.mu.Lock()
	p.base.repeats++
	which := at + "\n" + sql
	known := p.told[which] || len(p.told) >= maxTold
	if !known {
		if p.told == nil {
			p.told = make(map[string]bool)
		}
		p.told[which] = true
	}
	p.mu.Unlock()
	if known {
		return
	}
	if at == "" {
		at = owner
	}
	p.echo.logger.Warn("one session sends the same query again and again: is it in a loop that could ask once, for all keys or with a relation loaded? Else raise RepeatAfter",
		"pool", p.cfg.Name, "at", at, "session", owner, "times", p.cfg.RepeatAfter, "sql", sql)
}
